"""Fidelity to the plan: text length, readability by difficulty (LIX)."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from synthetic_textcat.pipelines.quality_report.checks.text_length import UNKNOWN
from synthetic_textcat.pipelines.quality_report.signals.corpus import (
    WORST,
    Corpus,
    SignalResult,
    WorstRow,
    slug,
)
from synthetic_textcat.schemas.attributes import VALUES
from synthetic_textcat.schemas.cost_figures import Metrics
from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.schemas.lengths import LONGEST, WORDS, Length, length_of, shown_length
from synthetic_textcat.schemas.rows import records_of
from synthetic_textcat.tables import RowTable
from synthetic_textcat.text.batches import rows_at

_BUCKETS = VALUES["num_words"]
_BINS = (0, 1, 3, 5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1000)
"""Lower bounds of the histogram's bins in words; they include every bound of a bucket."""

_BINS_OF_CHARACTERS = (0, 10, 20, 50, 100, 150, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000, 10_000)

MIN_ROWS = 30
"""Minimum rows of a language and difficulty for a meaningful median."""

_LEVELS = VALUES["difficulty"]
_QUARTILES = {"p25": 0.25, "median": 0.5, "p75": 0.75}
_SCRIPTS = frozenset({"Latn", "Cyrl"})  # scripts LIX was tested on; a Greek question ends in a semicolon


def length(corpus: Corpus) -> SignalResult:
    """Text length of the accepted rows against `num_words`, in words or characters as it was asked for.

    Words of scripts without spaces are ICU's; `checks.text_length` says where words can't be counted. "At least 50" has
    no upper bound, as in the prompt, so a row of 500 words matches; the median shows such lengths.

    Metrics:
        length/measurable: rows whose length can be counted / all rows. Unit: share, 0 to 1, as all but the medians.
        length/in_bucket: rows in their range / measurable rows.
        length/in_bucket/<range>: the same for the rows planned with this range.
        length/median_words: of measurable rows planned in words. Unit: words.
        length/median_characters: of rows planned in characters, if there are any. Unit: characters.

    Tables: `length` (num_words, rows, in_bucket as a share, and the deciles p10, median, p90 in its unit) and
    `length_histogram` (num_words, unit, from, to, rows: from <= length < to; to is null in the last bin).
    Worst: the rows with the highest ratio between their length and the bound.
    """
    rows = _measurable(corpus)
    by_range = rows.groupby("num_words", observed=True)
    inside = by_range["inside"].mean()
    ranges = list(dict.fromkeys([*_BUCKETS, *sorted(inside.index, key=_by_unit_and_bounds)]))
    in_words = rows["in_words"]
    metrics: Metrics = {
        "length/measurable": len(rows) / len(corpus.examples) if len(corpus.examples) else None,
        "length/in_bucket": float(rows["inside"].mean()) if len(rows) else None,
        "length/median_words": _median(rows.loc[in_words, "length"]),
        **({} if in_words.all() else {"length/median_characters": _median(rows.loc[~in_words, "length"])}),
        **{f"length/in_bucket/{slug(name)}": inside.get(name) for name in ranges},
    }
    present = [(name, by_range.get_group(name)) for name in ranges if name in inside]
    return SignalResult(
        metrics,
        {
            "length": [_line(name, group) for name, group in present],
            "length_histogram": [bar for name, group in present for bar in _bars(name, group["length"])],
        },
        {"length": _worst(rows, corpus.examples)},
    )


def _by_unit_and_bounds(num_words: str) -> tuple[str, int, int]:
    """Sort key of ranges: those in words first, then by their bounds."""
    found = _known_length(num_words)
    return "" if found.unit == WORDS else found.unit, found.least, found.upper or LONGEST


def _known_length(num_words: str) -> Length:
    found = length_of(num_words)
    assert found is not None  # rows with another value are not measurable
    return found


def _median(lengths: "pd.Series[Any]") -> float | None:
    return float(lengths.median()) if len(lengths) else None


def _measurable(corpus: Corpus) -> pd.DataFrame:
    """Measurable rows: num_words, length, in_words, inside (the range), off (ratio of length and bound).

    The index is the position among the examples.
    """
    measured = corpus.measured_texts
    rows = measured.loc[measured["length"] != UNKNOWN, ["num_words", "length"]]
    asked = [length_of(name) for name in rows["num_words"].cat.categories]
    codes = rows["num_words"].cat.codes
    least = np.array([each.least if each else 0 for each in asked], np.int64)[codes]
    most = np.array([each.most if each and each.most else LONGEST * LONGEST for each in asked], np.int64)[codes]
    upper = np.array([each.upper if each and each.upper else LONGEST * LONGEST for each in asked], np.int64)[codes]
    in_words = np.array([each is None or each.unit == WORDS for each in asked], np.bool_)[codes]
    length = rows["length"]
    off = np.maximum(length / upper, least / np.maximum(length, 1))
    return rows.assign(in_words=in_words, inside=(length >= least) & (length <= most), off=off)


def _line(num_words: str, group: pd.DataFrame) -> dict[str, Any]:
    low, median, high = group["length"].quantile([0.1, 0.5, 0.9]).tolist()
    return {
        "num_words": num_words,
        "rows": len(group),
        "in_bucket": float(group["inside"].mean()),
        "p10": low,
        "median": median,
        "p90": high,
    }


def _bars(num_words: str, lengths: "pd.Series[Any]") -> list[dict[str, Any]]:
    unit = _known_length(num_words).unit
    bins = _BINS if unit == WORDS else _BINS_OF_CHARACTERS
    counts, _ = np.histogram(lengths, [*bins, np.inf])
    bounds = zip(bins, [*bins[1:], None], counts.tolist(), strict=True)
    return [
        {"num_words": num_words, "unit": unit, "from": start, "to": stop, "rows": rows} for start, stop, rows in bounds
    ]


def _worst(rows: pd.DataFrame, examples: RowTable) -> list[WorstRow]:
    worst = rows[~rows["inside"]].sort_values("off", ascending=False, kind="stable").head(WORST)
    ids = rows_at(examples, worst.index.to_numpy(), ["request_id"])["request_id"]
    return [
        WorstRow(request_id=request_id, detail=f"requested {shown_length(asked)}, has {length}")
        for request_id, asked, length in zip(ids, worst["num_words"], worst["length"], strict=True)
    ]


def readability(corpus: Corpus) -> SignalResult:
    """Readability (LIX) of the accepted rows by language and difficulty, in languages of Latin or Cyrillic script.

    LIX = words / sentences + 100 * long words / words, with more than six letters in a long word (Björnsson 1968).
    It ranks texts and gives no grade level. Word length depends on the language, so values compare only within one.

    Metrics:
        readability/rows_measured: rows with a LIX: rows of these languages that contain a word. Unit: rows.
        readability/ordered: share of the languages in which the median rises from each difficulty to the next, 0 to 1;
            over languages with at least two difficulties and `MIN_ROWS` rows in each. Null if there is none.
        readability/lix/<difficulty>: median of the language with the most rows; null below `MIN_ROWS` rows.

    Table `readability`: language, difficulty, rows, p25, median, p75 (LIX); the languages with the most rows first.
    """
    groups = _groups(corpus)
    main = groups[groups["language"] == groups["language"].iloc[0]] if len(groups) else groups
    medians = dict(zip(main["difficulty"], main["median"].where(main["rows"] >= MIN_ROWS), strict=True))
    table = list(records_of(groups))
    rises = rises_with_difficulty(table).values()
    return SignalResult(
        {
            "readability/rows_measured": int(groups["rows"].sum()),
            "readability/ordered": sum(rises) / len(rises) if rises else None,
            **{f"readability/lix/{slug(level)}": _known(medians.get(level)) for level in _LEVELS},
        },
        {"readability": table},
    )


def rises_with_difficulty(table: Sequence[Mapping[str, Any]]) -> dict[str, bool]:
    """Whether the median LIX rises from each difficulty to the next, by language; only languages with enough rows.

    Args:
        table: Table `readability`.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for line in table:
        groups.setdefault(line["language"], []).append(line)
    return {
        language: all(after["median"] > before["median"] for before, after in pairwise(own))
        for language, own in groups.items()
        if len(own) > 1 and min(line["rows"] for line in own) >= MIN_ROWS
    }


def _groups(corpus: Corpus) -> pd.DataFrame:
    """The table `readability` as a data frame: languages by rows, descending, then difficulties, ascending."""
    lix = _lix(corpus).groupby(["language", "difficulty"], observed=True)["lix"]
    quartiles = {name: lix.quantile(share) for name, share in _QUARTILES.items()}
    groups = pd.DataFrame({"rows": lix.size(), **quartiles}).reset_index()
    groups = groups.astype({"language": "str", "difficulty": "str"})
    total = groups.groupby("language")["rows"].transform("sum")
    order = groups.assign(total=total, level=groups["difficulty"].map(_LEVELS.index))
    order = order.sort_values(["total", "language", "level"], ascending=[False, True, True])
    return order.drop(columns=["total", "level"]).reset_index(drop=True)


def _lix(corpus: Corpus) -> pd.DataFrame:
    measured = corpus.measured_texts
    fit = [name for name in measured["language"].cat.categories if find_language(name).script in _SCRIPTS]
    rows = measured[measured["language"].isin(fit) & (measured["words"] > 0)]
    lix = rows["words"] / rows["sentences"] + 100 * rows["long_words"] / rows["words"]
    return rows[["language", "difficulty"]].assign(lix=lix)


def _known(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
