"""Judges the language of the texts in a table, and writes the verdicts. Prints one line of JSON.

It runs also with the package of an earlier commit, which judges one text after the other.
"""

import json
import sys
from pathlib import Path
from time import perf_counter

import pandas as pd

from benchmarks.clients.usage import usage
from synthetic_textcat.pipelines.quality_report.checks import language

_AT_ONCE = 2_000  # rows, as in the report


def main(candidates: Path, verdicts: Path) -> None:
    """Times all of it; the model is loaded before."""
    table = pd.read_parquet(candidates, columns=["input_text", "language"])
    texts, asked = table["input_text"].tolist(), table["language"].tolist()
    at_once = getattr(language, "check_languages", None)
    found = [language.check_language(texts[0], asked[0])]
    before, begun = usage(), perf_counter()
    found.clear()
    for start in range(0, len(texts), _AT_ONCE):
        some = texts[start : start + _AT_ONCE], asked[start : start + _AT_ONCE]
        found += at_once(*some) if at_once else map(language.check_language, *some)
    seconds, after = perf_counter() - begun, usage()
    columns = {"verdict": [each.verdict for each in found], "found": [each.found for each in found]}
    pd.DataFrame(columns).to_parquet(verdicts)
    print(json.dumps({"seconds": seconds, **after, "cpu_s": after["cpu_s"] - before["cpu_s"]}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
