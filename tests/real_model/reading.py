"""A person's reading of texts against the product's verdicts: precision and recall of each reject reason.

    python -m tests.real_model.reading draw PROJECT reading.csv     # 40 texts, verdicts hidden in reading.csv.key
    python -m tests.real_model.reading score reading.csv            # once the column `reasons` is filled in

PROJECT is a project after a run, or `build/real_model` after `make real-model-proof`. In the column `reasons` the
reader writes `good`, or each reject reason that applies, separated by blanks.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from synthetic_textcat.hashing import draw
from synthetic_textcat.schemas.outcomes import REJECT_REASONS

TEXTS = 40
GOOD = "good"
_SHOWN = ["task", "language", "num_words", "label", "misleading_label", "input_text"]


def rows_in(folder: Path) -> pd.DataFrame:
    """Accepted and rejected rows below a folder, with the column `verdict`; rows of several runs together."""
    tables = []
    for path in sorted(folder.rglob("*.parquet")):
        if path.stem.endswith("examples"):
            tables.append(pd.read_parquet(path).assign(verdict=GOOD))
        elif path.stem.endswith("rejected"):
            rejected = pd.read_parquet(path)
            tables.append(rejected.assign(verdict=rejected["reject_reason"]))
    return pd.concat(tables, ignore_index=True).drop_duplicates("input_text") if tables else pd.DataFrame()


def drawn(rows: pd.DataFrame, texts: int = TEXTS) -> pd.DataFrame:
    """Half accepted and half rejected rows, as far as there are, in an order that tells nothing."""
    order = rows["input_text"].map(lambda text: draw("reading", text))
    rows = rows.iloc[order.argsort()]
    is_good = rows["verdict"] == GOOD
    good, bad = rows[is_good], rows[~is_good]
    half = max(texts - len(bad), min(texts // 2, len(good)))
    chosen = pd.concat([good[:half], bad[: texts - min(half, len(good))]])
    return chosen.iloc[chosen["input_text"].map(lambda text: draw("order", text)).argsort()].reset_index(drop=True)


def scores(read: list[str], verdicts: list[str]) -> Iterator[tuple[str, int, int, int]]:
    """For each reason, and `good`: texts for which the product, the reader, and both say so.

    Args:
        read: What the reader wrote, for each text.
        verdicts: The product's first reason, or `good`.

    Raises:
        ValueError: If a text is not read, or has an unknown reason.
    """
    by_reader: Counter[str] = Counter()
    by_both: Counter[str] = Counter()
    for number, (words, verdict) in enumerate(zip(map(str.split, read), verdicts, strict=True), 1):
        if not words or set(words) - {GOOD, *REJECT_REASONS}:
            raise ValueError(f"text {number}: write {GOOD}, or of {', '.join(REJECT_REASONS)}; found {words}")
        by_reader.update(set(words))
        by_both.update({verdict} & set(words))
    by_product = Counter(verdicts)
    for reason in (GOOD, *REJECT_REASONS):
        if by_product[reason] or by_reader[reason]:
            yield reason, by_product[reason], by_reader[reason], by_both[reason]


def table(read: list[str], verdicts: list[str]) -> str:
    """The scores as a table in Markdown. The product names one reason a text, so recall is a lower bound."""
    lines = ["| reason | product | reader | both | precision | recall |", "|---|---|---|---|---|---|"]
    for reason, product, reader, both in scores(read, verdicts):
        shares = (f"{both / total:.2f}" if total else "-" for total in (product, reader))
        lines.append(f"| `{reason}` | {product} | {reader} | {both} | {' | '.join(shares)} |")
    return "\n".join(lines)


def main(command: str, *places: str) -> None:
    """Draws texts, or scores a reading."""
    if command == "draw":
        folder, sheet = map(Path, places)
        chosen = drawn(rows_in(folder))
        chosen[_SHOWN].assign(reasons="").to_csv(sheet, index=False)
        chosen[["verdict"]].to_csv(f"{sheet}.key", index=False)
    else:
        (sheet,) = map(Path, places)
        read = pd.read_csv(sheet, keep_default_na=False)["reasons"]
        sys.stdout.write(table(list(read), list(pd.read_csv(f"{sheet}.key")["verdict"])) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
