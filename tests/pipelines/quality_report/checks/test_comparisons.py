"""A seed example within a longer text: the user's own words are to enter no row, whatever stands around them."""

from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.pipelines.quality_report.checks.comparisons import Sought
from synthetic_textcat.pipelines.quality_report.checks.row_checks import Known
from synthetic_textcat.pipelines.quality_report.checks.verdicts import Verdict
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.text.unicode import normalised
from tests.pipelines.quality_report.builders import judge, open_candidate
from tests.support.each_case import each_of

_CHARGED = "I was charged twice for May."
_WORDS = st.lists(st.text("abcxyzäßжω的道ก", min_size=1, max_size=6), min_size=1, max_size=9)


def _holds(text: str, *seeds: str) -> bool:
    return Sought([normalised(seed) for seed in seeds]).stand_in(normalised(text))


@each_of(
    ("text", "seed"),
    [
        (_CHARGED + " Please answer soon, thanks a lot in advance.", _CHARGED),
        ("Hello! i WAS  charged\ntwice for May, and nobody answers.", _CHARGED),
        ("She wrote: “I was charged twice for May”", '"I was charged twice for May!!"'),
        ("前略。五月份我被重复收了两次费。请尽快退款。", "五月份我被重复收了两次费。"),
        (
            "昨日の件ですが、五月分の料金が二重に引き落とされていました。困ります。",
            "五月分の料金が二重に引き落とされていました",
        ),
        ("เมื่อวานสั่งของไปแล้วยังไม่ได้รับสินค้าเลยค่ะ", "สั่งของไปแล้วยังไม่ได้รับสินค้า"),
        ("अब सुनिए, मेरा पार्सल अब तक नहीं आया है भाई", "मेरा पार्सल अब तक नहीं आया"),
    ],
)
def test_a_seed_example_among_other_words_is_found(text: str, seed: str) -> None:
    assert _holds(text, "Where is my parcel, please tell me.", seed)


@each_of(
    ("text", "seed"),
    [
        ("That is ok with me, see you then.", "ok"),
        ("Thanks a lot for it, I will wait.", "Thanks a lot!"),
        ("谢谢你们的帮助。我会再来。", "谢谢你们"),
        ("昨日はご対応いただきありがとうございました。次の便はいつですか。", "ありがとうございました。"),
        ("ขอบคุณมากครับ ผมได้รับพัสดุแล้ว", "ขอบคุณมากครับ"),
        ("I was charged twice for Mayonnaise again.", _CHARGED),
        ("Hawaii was charged twice for may.", "ii was charged twice for may"),
        ("I was billed twice for May.", _CHARGED),
        ("Anything at all.", "?! ... -- ** ## !!"),
    ],
)
def test_a_short_one_a_part_of_a_word_and_other_words_are_not(text: str, seed: str) -> None:
    assert not _holds(text, seed)


@given(before=_WORDS, seed=_WORDS, after=_WORDS)
def test_from_five_words_on_no_frame_hides_it(before: list[str], seed: list[str], after: list[str]) -> None:
    found = _holds(" ".join([*before, *seed, *after]), " ".join(seed))
    assert found or len(seed) < 5


def test_a_row_that_holds_a_seed_example_of_its_task_is_a_duplicate_of_it() -> None:
    known = Known(seed_texts=frozenset({normalised(_CHARGED), "ok"}))
    rows = [
        open_candidate(request_id="r0", known=known, input_text=f"{_CHARGED} Do answer me at last, it is a shame."),
        open_candidate(request_id="r1", input_text=f"{_CHARGED} Nobody has told the other task to keep away."),
        open_candidate(request_id="r2", known=known, input_text="It was ok when we came, and fine when we left."),
    ]
    verdicts = [judgement.verdict for judgement in judge(rows, QualityReportParameters())]
    assert verdicts == [Verdict("exact_duplicate", "seed example"), None, None]
