"""What the votes on a row come to."""

from synthetic_textcat.llm.calls.votes import Vote
from synthetic_textcat.pipelines.label_check.judge.majority import majority, set_majority
from synthetic_textcat.schemas.label_verdicts import BOTH, NONE_OF_THESE
from tests.support.each_case import each_of

_A, _B, _C, _NONE = Vote("A"), Vote("B"), Vote("C"), Vote(NONE_OF_THESE)
_A_OR_B, _B_OR_A, _BOTH = Vote("A", "B"), Vote("B", "A"), Vote(BOTH)


@each_of(
    ("votes", "verdict", "count", "agrees", "ambiguous"),
    [
        ([_A], "A", 1, True, False),
        ([_B], "B", 1, False, False),
        ([_NONE], NONE_OF_THESE, 1, False, False),
        ([_A, _B], None, 1, False, False),
        ([_B, _A, _C], None, 1, False, False),
        ([_A, _B, _A], "A", 2, True, False),
        ([_B, _B, _A], "B", 2, False, False),
        ([_B, _B, _A, _A, _C], None, 2, False, False),
        ([_A_OR_B], "A", 1, True, True),
        ([_B_OR_A], "B", 1, False, True),
        ([_A_OR_B, _A], "A", 2, True, False),
        ([_A_OR_B, _B_OR_A], None, 1, False, True),
        ([_A_OR_B, _B_OR_A, _A], "A", 2, True, True),
        ([Vote("A", "C")], "A", 1, True, False),
        ([_BOTH], BOTH, 1, True, True),
        ([_BOTH, _A], None, 1, False, False),
    ],
)
def test_the_verdict_with_most_votes_counts(
    votes: list[Vote], verdict: str | None, count: int, agrees: bool, ambiguous: bool
) -> None:
    found = majority(votes, "A", "B")
    assert found == {"verdict": verdict, "votes": count, "agrees": agrees, "ambiguous": ambiguous}


@each_of(
    ("votes", "verdict", "count", "agrees", "ambiguous"),
    [
        ([("A", "B")], '["A","B"]', 1, True, False),
        ([("A",)], '["A"]', 1, False, False),
        ([()], "[]", 1, False, False),
        ([("A", "B", "C")], '["A","B","C"]', 1, False, True),
        ([("A", "B"), ("A", "B", "C")], None, 1, False, False),
        ([("A", "B"), ("B",), ("A", "C")], '["A","B"]', 2, True, False),
        ([("A", "B", "C"), ("C",), ("A", "B")], '["A","B","C"]', 2, False, True),
        ([("A",), ("B",), ("C",)], "[]", 2, False, False),
    ],
)
def test_of_several_labels_each_has_its_own_majority(
    votes: list[tuple[str, ...]], verdict: str | None, count: int, agrees: bool, ambiguous: bool
) -> None:
    found = set_majority(votes, ("A", "B", "C", "D"), ("A", "B"), "C")
    assert found == {"verdict": verdict, "votes": count, "agrees": agrees, "ambiguous": ambiguous}
