"""Whether texts for the better educated are harder to read. By LIX, which orders texts; it tells no grade levels."""

from typing import Any

import pandas as pd

from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.pipelines.quality_report.signals.measured import Measured, slug
from synthetic_textcat.schemas.attributes import VALUES
from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.schemas.rows import records_of

MIN_ROWS = 30
"""Of a language and difficulty: the median of fewer says little."""

_LEVELS = VALUES["difficulty"]
_QUARTILES = {"p25": 0.25, "median": 0.5, "p75": 0.75}
_SCRIPTS = frozenset({"Latn", "Cyrl"})  # those LIX was tried on; a Greek question ends in a semicolon


def readability(corpus: Corpus) -> Measured:
    """LIX of the accepted rows by language and difficulty, in languages of Latin or Cyrillic script.

    LIX = words / sentences + 100 * long words / words, with more than six letters in a long word (Björnsson 1968).
    Long words are a matter of the language, so values compare within one language alone.

    Metrics:
        readability/rows_measured: rows with a LIX: all of these languages that hold a word. Unit: rows.
        readability/ordered: share of the languages in which the median rises from each difficulty to the next, 0 to 1;
            of those with two difficulties at least and `MIN_ROWS` rows in each that they have. Null if there is none.
        readability/lix/<difficulty>: median of the language with the most rows; null below `MIN_ROWS` rows.

    Table `readability`: language, difficulty, rows, p25, median, p75 (LIX); the languages with the most rows first.
    """
    groups = _groups(corpus)
    main = groups[groups["language"] == groups["language"].iloc[0]] if len(groups) else groups
    medians = dict(zip(main["difficulty"], main["median"].where(main["rows"] >= MIN_ROWS), strict=True))
    rises = [
        bool((own["median"].diff().iloc[1:] > 0).all())
        for _, own in groups.groupby("language", sort=False)
        if len(own) > 1 and own["rows"].min() >= MIN_ROWS
    ]
    return Measured(
        {
            "readability/rows_measured": int(groups["rows"].sum()),
            "readability/ordered": sum(rises) / len(rises) if rises else None,
            **{f"readability/lix/{slug(level)}": _known(medians.get(level)) for level in _LEVELS},
        },
        {"readability": list(records_of(groups))},
    )


def _groups(corpus: Corpus) -> pd.DataFrame:
    """language, difficulty, rows, p25, median, p75: the languages with the most rows first, difficulties rising."""
    lix = _lix(corpus).groupby(["language", "difficulty"])["lix"]
    quartiles = {name: lix.quantile(share) for name, share in _QUARTILES.items()}
    groups = pd.DataFrame({"rows": lix.size(), **quartiles}).reset_index()
    total = groups.groupby("language")["rows"].transform("sum")
    order = groups.assign(total=total, level=groups["difficulty"].map(_LEVELS.index))
    order = order.sort_values(["total", "language", "level"], ascending=[False, True, True])
    return order.drop(columns=["total", "level"]).reset_index(drop=True)


def _lix(corpus: Corpus) -> pd.DataFrame:
    asked, counts = corpus.examples[["language", "difficulty"]], corpus.word_counts
    fit = [name for name in asked["language"].unique() if find_language(name).script in _SCRIPTS]
    measured = asked["language"].isin(fit) & (counts["words"] > 0)
    counts = counts[measured]
    lix = counts["words"] / counts["sentences"] + 100 * counts["long_words"] / counts["words"]
    return asked[measured].assign(lix=lix)


def _known(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
