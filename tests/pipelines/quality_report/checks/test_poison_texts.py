"""One poison text among candidates is judged as any other: in no time, and without an error."""

import time

import pytest

from synthetic_textcat.schemas.parameters import QualityReportParameters
from tests.pipelines.quality_report.builders import judge, open_candidate
from tests.support.examples import cases

_MOST_S = 0.25
_PATTERNS = [
    *(
        "- ",
        "1. ",
        "[x]",
        "```",
        "['",
        '"',
        "<li>",
        "\\",
        "a b c; ",
        "a",
        "@",
        "/a",
        "\n",
        "\x00",
        "\x85",
        "\u200b",
        "\u3000",
    ),
    *(
        "\u4e00",
        "\u0e01",
        "\u0301\u0316",
        "a\u0301\u0316",
        "\u0344\u0316",
        "\uff9e\u0316",
        "\ufdfa",
        "\u0130",
        "\U0001f600",
    ),
]


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    """Models of languages and libraries are loaded by then."""
    judge([open_candidate(input_text="Nobody answers the telephone, and the parcel never came.")] * 2, _SETTINGS)


_SETTINGS = QualityReportParameters()


@pytest.mark.parametrize(
    ("language", "length"),
    [
        *[("English", 99_000), ("German", 8_000)],
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in [("English", 8_000), ("German", 99_000), ("Japanese", 8_000), ("Japanese", 99_000)]
        ),
    ],
)
@pytest.mark.parametrize("pattern", cases(_PATTERNS, 5))
def test_a_text_that_repeats_one_short_pattern(pattern: str, length: int, language: str) -> None:
    text = pattern * (length // len(pattern))
    labels = {"label": pattern * (900 // len(pattern)), "misleading_label": "a " * 450 + "b"}
    rows = [
        open_candidate(request_id="plain", language=language),
        open_candidate(request_id="poison", input_text=text, language=language),
        open_candidate(request_id="both", input_text=text + "b", language=language, **labels),
    ]
    begun = time.process_time()
    assert len(judge(rows, _SETTINGS)) == 3
    assert time.process_time() - begun < 3 * _MOST_S  # of two rows; a busy machine adds half
