# ruff: noqa: RUF001  letters of one script that look like those of another are the point here
"""One reason a row, the first that applies; of rows alike the first in plan order stays."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.pipelines.quality_report.checks.row_checks import Candidate, Known
from synthetic_textcat.pipelines.quality_report.checks.verdicts import Judgement, Verdict, judge_alone, judge_together
from synthetic_textcat.schemas.outcomes import REJECT_REASONS
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.text.unicode import normalised
from tests.pipelines.quality_report.builders import candidate, judge, open_candidate
from tests.support.each_case import each_of
from tests.support.examples import examples

_SETTINGS = QualityReportParameters()


def _reasons(rows: list[Candidate]) -> list[str | None]:
    return [verdict and verdict.reason for verdict in _verdicts(rows)]


def _verdicts(rows: list[Candidate], settings: QualityReportParameters = _SETTINGS) -> list[Verdict | None]:
    return [judgement.verdict for judgement in judge(rows, settings)]


@each_of(
    ("row", "reason"),
    [
        (candidate(input_text="", label="x", misleading_label="x"), "empty_field"),
        (candidate(label="x", misleading_label="x", input_text="x"), "label_not_in_set"),
        (candidate(misleading_label="x", label="good"), "misleading_label_not_in_set"),
        (candidate(label="good", misleading_label="good", input_text="good"), "same_labels"),
        (candidate(label="good", misleading_label="bad", input_text="good"), "label_not_as_planned"),
        (candidate(input_text="bad"), "label_leaked"),
        (candidate(), None),
    ],
)
def test_the_first_reason_in_the_public_order_wins(row: Candidate, reason: str | None) -> None:
    assert _reasons([row]) == [reason]


def test_a_verdict_has_words() -> None:
    (verdict,) = _verdicts([candidate(label="mixed")])
    assert verdict is not None
    assert verdict == ("label_not_as_planned", "planned 'bad', got 'mixed'")


def test_of_equal_texts_the_first_in_plan_order_stays() -> None:
    texts = ["One.", "Two.", "one.", " ONE. ", "\uff34\uff57\uff4f."]
    rows = [open_candidate(request_id=f"r{place}", input_text=text) for place, text in enumerate(texts)]
    assert _reasons(rows) == [None, None, "exact_duplicate", "exact_duplicate", "exact_duplicate"]
    details = [verdict and verdict.detail for verdict in _verdicts(rows)]
    assert details[2:] == ["same text as r0", "same text as r0", "same text as r1"]


_TEXT = "The soup came cold, the waiter shrugged, and the bill had a dish on it that nobody at our table had asked for."
_NEARLY = _TEXT.replace("soup", "stew")


def test_of_nearly_equal_texts_the_first_in_plan_order_stays_of_whatever_task() -> None:
    rows = [candidate(input_text=_TEXT), open_candidate(request_id="r1", input_text=_NEARLY.upper())]
    assert _verdicts(rows) == [None, ("near_duplicate", "0.87 like r0")]


def test_how_near_is_a_setting() -> None:
    rows = [candidate(input_text=_TEXT), candidate(request_id="r1", input_text=_NEARLY)]
    assert _verdicts(rows, QualityReportParameters(near_duplicate_similarity=0.9)) == [None, None]


def test_equal_texts_are_exact_duplicates_and_not_near_ones() -> None:
    rows = [candidate(request_id=f"r{place}", input_text=text) for place, text in enumerate([_TEXT, _TEXT, _NEARLY])]
    assert _reasons(rows) == [None, "exact_duplicate", "near_duplicate"]


def test_a_text_like_a_rejected_one_stays() -> None:
    rows = [candidate(label="mixed", input_text=_TEXT), candidate(request_id="r1", input_text=_NEARLY)]
    assert _reasons(rows) == ["label_not_as_planned", None]


def test_a_rejected_row_takes_no_other_with_it() -> None:
    rejected = candidate(request_id="r0", label="mixed")
    assert _reasons([rejected, candidate(request_id="r1")]) == ["label_not_as_planned", None]


def test_a_row_that_fails_alone_is_no_duplicate() -> None:
    assert _reasons([candidate(), candidate(request_id="r1", label="mixed")]) == [None, "label_not_as_planned"]


_LABELS = st.sampled_from(["good", "bad", "mixed", "x", ""])
_TEXTS = st.sampled_from(["One.", "one. ", "Two.", "bad", "", "Three."])
_ROWS = st.lists(st.tuples(_TEXTS, _LABELS, _LABELS), max_size=12)


@examples(60)
@given(_ROWS)
def test_every_row_has_one_verdict_and_accepted_texts_are_distinct(triples: list[tuple[str, str, str]]) -> None:
    rows = [
        candidate(request_id=f"r{place}", input_text=text, label=label, misleading_label=misleading)
        for place, (text, label, misleading) in enumerate(triples)
    ]
    reasons = _reasons(rows)
    assert len(reasons) == len(rows)
    assert set(reasons) <= {None, *REJECT_REASONS}
    accepted = [normalised(row.input_text) for row, reason in zip(rows, reasons, strict=True) if reason is None]
    assert len(set(accepted)) == len(accepted)
    longer = [*rows, candidate(request_id="more", input_text="Four.")]
    assert _reasons(longer)[:-1] == reasons


def _judged(rows: list[Candidate], *flag_only: str) -> list[Judgement]:
    return judge(rows, QualityReportParameters(flag_only=flag_only))


def test_a_reason_that_only_flags_rejects_no_row_and_the_next_checks_go_on() -> None:
    row = candidate(input_text="A good day, they said to nobody at all.", label="mixed", misleading_label="good")
    [judged] = _judged([row], "label_not_as_planned", "label_leaked")
    assert judged == Judgement(
        None,
        (
            Verdict("label_not_as_planned", "planned 'bad', got 'mixed'"),
            Verdict("label_leaked", "the text names 'good'"),
        ),
        "agrees",
    )
    [judged] = _judged([row], "label_not_as_planned")
    assert judged == Judgement(
        Verdict("label_leaked", "the text names 'good'"),
        (Verdict("label_not_as_planned", "planned 'bad', got 'mixed'"),),
        None,  # the language was not reached
    )


def test_the_verdict_on_the_language_is_kept_whatever_comes_of_it() -> None:
    german = candidate(language="German", input_text="The courier left the parcel in the rain on Tuesday.")
    short = candidate(input_text="No soup.")
    assert [x.language for x in _judged([german, short])] == ["wrong", "not verifiable"]
    [judged] = _judged([german], "wrong_language")
    assert (judged.verdict, judged.language) == (None, "wrong")
    assert [flag.reason for flag in judged.flags] == ["wrong_language"]
    assert _judged([candidate(language=None)]) == [Judgement()]


def test_copies_that_are_only_flagged_are_no_near_duplicates_of_each_other() -> None:
    texts = [_TEXT, _TEXT, _NEARLY, _NEARLY]
    rows = [candidate(request_id=f"r{place}", input_text=text) for place, text in enumerate(texts)]
    judged = _judged(rows, "exact_duplicate")
    assert [x.verdict for x in judged] == [
        None,
        None,
        ("near_duplicate", "0.87 like r0"),
        ("near_duplicate", "0.87 like r0"),  # what holds of a text holds of its copy
    ]
    assert [x.flags for x in judged] == [
        (),
        (("exact_duplicate", "same text as r0"),),
        (),
        (("exact_duplicate", "same text as r2"),),
    ]


def test_a_near_duplicate_that_is_only_flagged_stands_beside_later_rows() -> None:
    words, others = ([f"{stem}{number}" for number in range(60)] for stem in ("word", "thing"))
    texts = [" ".join(others[:changed] + words[changed:]) for changed in (0, 4, 8)]
    rows = [candidate(request_id=f"r{place}", input_text=text) for place, text in enumerate(texts)]
    assert _reasons(rows) == [None, "near_duplicate", None]
    flagged = _judged(rows, "near_duplicate")
    assert [x.verdict for x in flagged] == [None, None, None]
    assert [bool(x.flags) for x in flagged] == [False, True, True]


_FLAGGED = st.lists(st.sampled_from(REJECT_REASONS), unique=True)


@examples(60)
@given(_ROWS, _FLAGGED)
def test_no_row_is_rejected_for_what_only_flags_and_a_row_judged_alone_is_judged_so_too(
    triples: list[tuple[str, str, str]], flag_only: list[str]
) -> None:
    rows = [
        candidate(request_id=f"r{place}", input_text=text, label=label, misleading_label=misleading)
        for place, (text, label, misleading) in enumerate(triples)
    ]
    judged = _judged(rows, *flag_only)
    for row, judgement in zip(rows, judged, strict=True):
        assert judgement.verdict is None or judgement.verdict.reason not in flag_only
        assert {flag.reason for flag in judgement.flags} <= set(flag_only)
        alone = judge_alone(replace(row), flag_only)
        assert judgement.flags[: len(alone.flags)] == alone.flags
        assert alone.verdict is None or alone == judgement
    if not flag_only:
        assert [x.verdict for x in judged] == _verdicts(rows)
    assert all(judgement.verdict is None for judgement in _judged(rows, *REJECT_REASONS))


_TALK = (
    "This text is an example of a complaint, and its label is bad.",
    "Hier ist ein Beispieltext mit dem Label schlecht.",
    "They forgot the sauce, and nobody told us why.",
    "Sure, here is an example of a review: no soup.",
    "",
)


def test_many_rows_that_are_judged_together_are_judged_as_each_alone() -> None:
    languages = ("English", "German", "Polish")
    rows = [
        candidate(input_text=_TALK[number % len(_TALK)], language=languages[number % len(languages)])
        for number in range(41 * len(_TALK) * len(languages))  # screened together from 200 of a language on
    ]
    together = judge_together(rows)
    assert together == [judge_alone(replace(row)) for row in rows]
    assert len({judgement.verdict for judgement in together}) > len(_TALK)


def test_a_text_that_is_nearly_a_seed_example_is_a_near_duplicate_of_it() -> None:
    seed = "They forgot the sauce, and the rice was cold as ice, and nobody even said sorry to us."
    known = Known(seed_texts=frozenset({normalised(seed)}))
    rows = [
        open_candidate(request_id="r0", known=known, input_text=seed.replace("nobody", "no one")),
        open_candidate(request_id="r1", known=known, input_text="A wonderful evening with friends at the lake."),
    ]
    verdicts = [judgement.verdict for judgement in judge(rows, QualityReportParameters())]
    assert verdicts[0] is not None
    assert verdicts[0].reason == "near_duplicate"
    assert verdicts[0].detail.endswith("like seed example")
    assert verdicts[1] is None


@each_of(
    ("language", "text", "again"),
    [
        (
            "Turkish",
            "Siparişim hâlâ gelmedi, ılık bir günde iptal ettim.",
            "SİPARİŞİM HÂLÂ GELMEDİ, ILIK BİR GÜNDE İPTAL ETTİM.",
        ),
        ("Persian", "این کتاب\u200cها را علی خرید و کسی نگفت.", "این کتابها را علي خرید و كسي نگفت."),
        ("Arabic", "وصلتُ إلى المتجرِ وأخذتُ الفاتورة", "وصلت الى المتجر واخذت الفاتوره"),
        ("Russian", "Ещё нет ответа о моём заказе", "Еще нет ответа о моем заказе"),
    ],
)
def test_another_spelling_of_a_text_is_its_duplicate(language: str, text: str, again: str) -> None:
    rows = [
        open_candidate(request_id=name, input_text=words, language=language)
        for name, words in (("a", text), ("b", again))
    ]
    verdict = judge(rows, QualityReportParameters())[1].verdict
    assert verdict is not None
    assert (verdict.reason, verdict.detail) == ("exact_duplicate", "same text as a")


@pytest.mark.parametrize(
    ("language", "label", "text"),
    [
        ("Turkish", "İptal", "Lütfen siparişimi iptal edin."),
        ("Azerbaijani", "İADƏ", "Bu malın iadəsi necə olur?"),
        ("Greek", "ΑΚΎΡΩΣΗ", "Θέλω ακύρωση."),
    ],
)
def test_a_label_is_found_in_the_small_letters_of_its_language(language: str, label: str, text: str) -> None:
    verdict = judge([open_candidate(input_text=text, language=language, label=label)], QualityReportParameters())[
        0
    ].verdict
    assert verdict is not None
    assert verdict.reason == "label_leaked"


def test_a_text_that_is_only_the_name_of_another_label_is_a_leak() -> None:
    texts = ("Mixed.", "**mixed**", "They were mixed about the sauce and said so.")
    found = [judge([candidate(input_text=text)], QualityReportParameters())[0].verdict for text in texts]
    assert [each and (each.reason, each.detail) for each in found] == [
        ("label_leaked", "the text is only the label 'mixed'"),
        ("label_leaked", "the text is only the label 'mixed'"),
        None,
    ]


def test_labels_in_capitals_are_looked_for_in_capitals_unless_the_whole_set_is() -> None:
    def reasons(labels: frozenset[str], label: str, texts: list[str]) -> list[str | None]:
        known = Known(labels)
        rows = [
            candidate(
                known=known, label=label, misleading_label=min(labels - {label}), planned_label=label, input_text=text
            )
            for text in texts
        ]
        return [
            found.verdict and found.verdict.reason
            for found in (judge([row], QualityReportParameters())[0] for row in rows)
        ]

    support = frozenset({"IT", "HR", "Facilities"})
    assert reasons(
        support, "IT", ["I tried it twice and it froze.", "It froze.", "Our IT desk is closed.", "IT never answers."]
    ) == [
        None,
        None,
        "label_leaked",
        "label_leaked",
    ]
    mood = frozenset({"POSITIVE", "NEGATIVE", "BAD"})
    assert reasons(mood, "BAD", ["A bad day.", "A badge."]) == ["label_leaked", None]
