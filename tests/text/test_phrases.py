"""Many phrases are searched in a text with the result of one alternation of them."""

import re
from importlib import resources
from random import Random

import yaml
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.pipelines.quality_report import checks
from synthetic_textcat.text.phrases import PhraseSearch, PieceScreen, needed_literals
from tests.support.each_case import each_of

_LISTS = yaml.load(
    resources.files(checks).joinpath("talk_about_task.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
)
_PARTS = ("assistant", "sure", "of_several", "hints")
_TEXTS = 30  # of each language, with some phrases in each


@each_of(
    ("pattern", "literals"),
    [
        (r"\b(?:labels?)(?!\w)", {"label"}),
        ("(?:right|wrong) label", {"right", "wrong"}),
        ("(?:right|wrong) label", {" label"}),
        ("categori[sz]ed?", {"categori"}),
        (r"not (?:be )?(?:in|of) (?:\w+ )*(?:text|json)", {"text", "json"}),
        ("the (?:user (?:wants|has)|client)", {"the user ", "the client"}),
        ("(?:falls? (?:under|into)|fits?(?: in)?) it", {"fall", "fit"}),
        (r"(?<!zum )beispiel\w*", {"beispiel"}),
        (r"l'|e{0,2}n+.x", {"l'", "n"}),
        ("a(?:b|c?)", {"a", "ab"}),
    ],
)
def test_a_match_has_one_of_the_literals(pattern: str, literals: set[str]) -> None:
    assert literals in needed_literals(pattern)


@each_of("language", _LISTS)
def test_matches_are_those_of_the_alternation(language: str) -> None:
    draws = Random(language)
    lists = _LISTS[language]
    screen = [piece.rstrip() for piece in lists.get("screen", ())]
    phrases = [phrase for part in _PARTS for phrase in lists.get(part, ())]
    patterns = [rf"\b(?:{phrase})(?!\w)" if phrase[0].isascii() else phrase for phrase in phrases]
    alternation, search = re.compile("|".join(patterns)), PhraseSearch(patterns, screen)
    words = [word for phrase in phrases for word in re.findall(r"[^\W\d]+|\d+", phrase)]
    matches = 0
    for _ in range(_TEXTS):
        pieces = [_written(draws.choice(phrases), draws) for _ in range(draws.randint(0, 4))]
        pieces += draws.choices(words, k=draws.randint(0, 12))
        draws.shuffle(pieces)
        text = draws.choice((" ", ", ", "-", " ")).join(pieces)
        found = [match.span() for match in search.matches(text, frozenset(filter(f" {text}".__contains__, screen)))]
        assert found == [match.span() for match in alternation.finditer(text)], text
        matches += len(found)
    assert matches > _TEXTS / 4


def test_the_first_pattern_has_a_place_and_matches_do_not_overlap() -> None:
    search = PhraseSearch(["b c", "a b", "a", "c d"], [])
    assert [match[0] for match in search.matches("a b c d a", frozenset())] == ["a b", "c d", "a"]


def test_a_piece_that_a_text_lacks_rules_out_the_patterns_that_need_it() -> None:
    search = PhraseSearch(["(?:right|wrong) label"], ["label"])
    assert not list(search.matches("the right label", frozenset()))
    assert [match[0] for match in search.matches("the right label", frozenset({"label"}))] == ["right label"]


def _written(phrase: str, draws: Random) -> str:
    """A text that the phrase is likely to match: groups by one of their alternatives, what may be left out often so."""
    while (group := re.search(r"\(\?(?::|<?[=!])([^()]*)\)(\?|\*|\{[\d,]+\}\??)?", phrase)) is not None:
        is_left_out = group[0].startswith(("(?<", "(?=", "(?!")) or (group[2] and draws.random() < 1 / 2)
        chosen = "" if is_left_out else draws.choice(group[1].split("|"))
        phrase = phrase[: group.start()] + chosen + phrase[group.end() :]
    phrase = re.sub(r"\[([^]])[^]]*\](\{[\d,]+\}|[?*+])*", r"\1", phrase).replace("\\b", "")
    return re.sub(r"(.)\?", lambda kept: draws.choice(("", kept[1])), re.sub(r"\\w[*+]?", "x", phrase))


_SCREENED = st.lists(st.text("_jx ab\U0001f600\ud800", max_size=12), max_size=6)


@given(_SCREENED, st.sampled_from([1, 100]))
def test_texts_that_are_screened_together_have_pieces_if_each_has(texts: list[str], times: int) -> None:
    screen = PieceScreen((" a", "ab", "x", "a_b", " j", "jx", "b "))
    found = screen.may_be_in(texts * times)
    has_pieces = [bool(screen.pieces_in(text)) for text in texts * times]
    assert all(may >= has for may, has in zip(found, has_pieces, strict=True))
    if len(found) >= 200 and "\ud800" not in "".join(texts):
        assert found == has_pieces


def test_no_text_has_a_piece_where_there_are_none() -> None:
    assert PieceScreen(()).may_be_in(["a", "b"]) == [False, False]


@given(st.text("_jx ab", max_size=12))
def test_the_screen_finds_the_pieces_that_are_looked_for_one_by_one(text: str) -> None:
    pieces = (" a", "ab", "x", "a_b", " j", "jx", "b ")
    assert PieceScreen(pieces).pieces_in(text) == {piece for piece in pieces if piece in f" {text}"}
