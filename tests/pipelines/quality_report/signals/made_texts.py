"""Texts of made-up words, and samples of them."""

from collections.abc import Iterable, Sequence

import pandas as pd

from synthetic_textcat.hashing import draw_int, short_id
from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.text.diversity_sample import Row, Sample
from synthetic_textcat.text.words import located_words
from tests.pipelines.quality_report.builders import example_frame
from tests.pipelines.quality_report.signals.corpora import corpus_of_examples

_SYLLABLES = ("ba", "ke", "lo", "mi", "nu", "pra", "sto", "ti", "vu", "zel")


def made_text(name: object, words: int = 10) -> str:
    """So many words that are a function of the name, hardly any of them twice."""
    return " ".join(
        "".join(_SYLLABLES[draw_int(30, name, at, part) % len(_SYLLABLES)] for part in range(4)) for at in range(words)
    )


def made_texts(count: int, words: int = 10, series: str = "") -> list[str]:
    """Texts that share next to nothing."""
    return [made_text(f"{series}{number}", words) for number in range(count)]


def sample_of(texts: Iterable[str], cut: int = 10) -> Sample:
    """A sample of these texts, in this order."""
    return Sample([Row(f"r{at}", "English", text, located_words(text)) for at, text in enumerate(texts)], cut)


def examples_of(texts: Sequence[str], language: str = "English") -> pd.DataFrame:
    """Accepted rows of these texts, with ids as in a plan."""
    return example_frame(
        {"request_id": short_id(at), "input_text": text, "language": language} for at, text in enumerate(texts)
    )


def corpus_of(examples: pd.DataFrame) -> Corpus:
    """A corpus of these rows."""
    return corpus_of_examples(examples, {})
