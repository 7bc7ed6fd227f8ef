# ruff: noqa: RUF001  letters of one script that look like those of another are the point here
"""Language probabilities of many texts at once are those of py3langid, text by text."""

import copy
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from py3langid.langid import LanguageIdentifier

from synthetic_textcat.pipelines.quality_report.checks.language import _identifier
from synthetic_textcat.text.language_model import ROUNDING, BatchIdentifier

_LANGUAGES = ("en", "de", "fr", "sr", "zh", "ja", "ar", "ru")
_TEXTS = (
    "The parcel came on Tuesday, but nobody was at home.",
    "DAS PAKET KAM AM DIENSTAG, ABER NIEMAND WAR ZU HAUSE.",
    "Le colis est arrivé mardi",
    "Le colis est arrive\u0301 mardi",
    "Пакет је стигао у уторак, али нико није био код куће.",
    "荷物は火曜日に届きましたが、家には誰もいなかった",
    "وصل الطرد يوم الثلاثاء",
    "",
    " ",
    "?",
    "\ud800 half a pair",
    "\U0001f600" * 40,
    "word " * 400,
)


@pytest.fixture(scope="module")
def identifier() -> LanguageIdentifier:
    """The model, restricted to some languages."""
    identifier = copy.copy(_identifier(""))
    identifier.set_languages(_LANGUAGES)
    return identifier


@pytest.fixture(scope="module")
def batch(identifier: LanguageIdentifier) -> BatchIdentifier:
    """The same model for many texts."""
    return BatchIdentifier(identifier)


def _assert_alike(identifier: LanguageIdentifier, batch: BatchIdentifier, texts: list[str]) -> None:
    for text, found in zip(texts, batch.probabilities(texts), strict=True):
        expected = dict(identifier.rank(text))
        for code, probability in expected.items():
            # Ten times as close as the bound within which `checks.language` leaves the verdict to py3langid.
            slack = ROUNDING / 10 * probability * (1 - probability) + 1e-6
            assert math.isclose(found[batch.labels.index(code)], probability, rel_tol=0, abs_tol=slack), (text, code)


def test_texts_of_all_kinds_and_lengths_next_to_one_another(
    identifier: LanguageIdentifier, batch: BatchIdentifier
) -> None:
    _assert_alike(identifier, batch, list(_TEXTS))


def test_more_texts_than_are_read_at_once_keep_their_places(batch: BatchIdentifier) -> None:
    texts = [_TEXTS[number % len(_TEXTS)][: number % 7] for number in range(2_100)]
    alone = {text: batch.probabilities([text])[0] for text in set(texts)}
    np.testing.assert_allclose(batch.probabilities(texts), [alone[text] for text in texts], atol=1e-5)


def test_no_text_has_no_probability(batch: BatchIdentifier) -> None:
    assert batch.probabilities([]).shape == (0, len(batch.labels))


@given(texts=st.lists(st.text(max_size=120), max_size=8))
def test_any_texts(identifier: LanguageIdentifier, batch: BatchIdentifier, texts: list[str]) -> None:
    _assert_alike(identifier, batch, texts)
