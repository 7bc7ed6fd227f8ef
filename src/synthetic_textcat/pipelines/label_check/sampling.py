"""Samples of rows: those that a judge is asked about, and those to label by hand.

**To judge.** An even sample: a share of each block of 20 planned rows of a task, by hashes. A row's place in its block
is the rank of a hash of seed, task and replicate among the 20 of the block; the first `floor(20 * share + u)` of them
are judged, u being a hash of the block. So each row is judged with probability `share`; the sample of a smaller share
is part of that of a larger one; and a longer plan, or other rows that pass the checks, leave it as it is.

**To label by hand.** Stratified by task and verdict, with known probabilities, coordinated across runs. Rows of one
kind (agreed, disputed, unjudged) have equal probabilities, disputed rows `disputed_weight` times those of the others.
The rows of each task and kind follow from these by systematic sampling: each stratum gets its expected number, rounded
down or up. Within a stratum the rows with the smallest random numbers are drawn. These are permanent: a hash of seed,
task and text. So a later sample has most rows of an earlier one again, whose labels are known (Ohlsson 1995,
"Coordination of samples using permanent random numbers").
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from math import floor
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.hashing import draw
from synthetic_textcat.schemas.label_verdicts import AGREED, DISPUTED, UNJUDGED, agreements, text_sha256
from synthetic_textcat.schemas.parameters import LabelCheckParameters
from synthetic_textcat.tables import RowTable, factorized

STRATA = tuple(sorted((AGREED, DISPUTED, UNJUDGED)))
_STRATA = pd.Index(STRATA, dtype="str")
_CODES = {name: code for code, name in enumerate(STRATA)}
_DRAWN = ["request_id", "task_id", "label", "misleading_label"]

_ROUNDING = 1e-9

BLOCK = 20
"""Planned rows of a task in a block."""

_EVERY = 1.0

_KEPT = 100_000
"""Blocks whose samples are kept: rows of a task are spread over the plan."""


def strata_by(verdicts: RowTable | pd.DataFrame | None) -> "Callable[[pd.Series[str]], pd.Categorical]":
    """Function of request ids: whether the judge agrees with the label of each, as categories `STRATA`.

    Args:
        verdicts: Columns `LABEL_VERDICTS`; None = nothing is judged.
    """
    agreement = agreements(verdicts)

    def of(request_ids: "pd.Series[str]") -> pd.Categorical:
        agrees = agreement(request_ids)
        kinds = [agrees.isna().to_numpy(), agrees.fillna(False).to_numpy(np.bool_)]
        codes: NDArray[np.int64] = np.select(kinds, [_CODES[UNJUDGED], _CODES[AGREED]], _CODES[DISPUTED])
        return pd.Categorical.from_codes(codes, _STRATA)

    return of


def strata_of_all(examples: RowTable, verdicts: RowTable | pd.DataFrame | None) -> pd.DataFrame:
    """Task and stratum of each row, as categories: 5 bytes a row.

    Args:
        examples: At least the columns request_id, task_id.
        verdicts: Columns `LABEL_VERDICTS`; None = nothing is judged.
    """
    codes, task_ids = factorized(examples, "task_id")
    stratum_of = strata_by(verdicts)
    parts = [stratum_of(rows["request_id"]).codes for rows in examples.frames(["request_id"])]
    strata = np.concatenate([np.empty(0, np.int8), *parts])
    return pd.DataFrame(
        {
            "task_id": pd.Categorical.from_codes(codes, pd.Index(task_ids, dtype="str")),
            "stratum": pd.Categorical.from_codes(strata, _STRATA),
        }
    )


def random_numbers_of(rows: pd.DataFrame, seed: int) -> NDArray[np.float64]:
    """Permanent random number of each row, by its task and text.

    Args:
        rows: Columns task_id, input_text.
        seed: Of the draws.
    """
    pairs = zip(rows["task_id"].tolist(), map(text_sha256, rows["input_text"].tolist()), strict=True)
    return np.array([draw(seed, "label_sample", *pair) for pair in pairs], np.float64)


def draw_sample(
    examples: RowTable, verdicts: RowTable | pd.DataFrame | None, parameters: LabelCheckParameters, seed: int
) -> pd.DataFrame:
    """The drawn rows, with their probability; some 50 bytes a row are held.

    If there are verdicts, only judged rows are drawn: of another the judge's opinion would be missing.

    Args:
        examples: The accepted rows, whose order does not matter.
        verdicts: Columns `LABEL_VERDICTS`; None = nothing is judged.
        parameters: Number of rows and weight of disputed ones.
        seed: Of the draws.

    Returns:
        Columns `_DRAWN` of the rows, text_sha256, stratum, probability, and `rows`, the number of all rows.
    """
    everything = strata_of_all(examples, verdicts)
    is_judged = (everything["stratum"] != UNJUDGED).to_numpy()
    places = np.flatnonzero(is_judged) if is_judged.any() else np.arange(len(everything))
    luck, ids = [np.empty(0)], [np.empty(0, "S1")]
    for rows in examples.frames(["request_id", "task_id", "input_text"]):
        luck.append(random_numbers_of(rows, seed))
        ids.append(np.array([request_id.encode() for request_id in rows["request_id"].tolist()], "S"))
    strata = everything["stratum"].cat.codes.to_numpy()[places]
    tasks = _ranks(everything["task_id"])[places]
    order = np.lexsort((np.concatenate(ids)[places], np.concatenate(luck)[places], tasks, strata))
    kinds = strata[order].astype(np.int64) * (int(tasks.max(initial=0)) + 1) + tasks[order]
    begins = np.flatnonzero(np.diff(kinds, prepend=-1))
    sizes = np.diff(begins, append=len(kinds))
    numbers, counts = np.unique(strata, return_counts=True)
    rates = _rates({STRATA[number]: count for number, count in zip(numbers, counts.tolist(), strict=True)}, parameters)
    chances = np.array([rates.get(name, 0.0) for name in STRATA])[strata[order]]
    ends = np.cumsum(sizes * chances[begins]) + draw(seed, "label_sample", "start")
    taken = np.diff(np.floor(ends + _ROUNDING), prepend=0)
    within = np.arange(len(kinds)) - np.repeat(begins, sizes)
    drawn = np.flatnonzero(within < np.repeat(taken, sizes))
    found = examples.take(places[order[drawn]].tolist(), [*_DRAWN, "input_text"])
    return found.drop(columns="input_text").assign(
        text_sha256=pd.Series(list(map(text_sha256, found["input_text"])), dtype="str"),
        stratum=pd.Series([STRATA[code] for code in strata[order[drawn]]], dtype="str"),
        probability=chances[drawn],
        rows=len(everything),
    )


def _ranks(task_ids: "pd.Series[Any]") -> NDArray[np.int32]:
    """Rank of each row's task among the task ids."""
    ranks = np.empty(len(task_ids.cat.categories), np.int32)
    ranks[np.argsort(task_ids.cat.categories.to_numpy(object))] = np.arange(len(ranks), dtype=np.int32)
    found: NDArray[np.int32] = ranks[task_ids.cat.codes.to_numpy()]
    return found


def _rates(sizes: Mapping[str, int], parameters: LabelCheckParameters) -> dict[str, float]:
    """Probability of the rows of each kind: proportional to its weight, at most 1, for `sample_rows` rows in all."""
    rates: dict[str, float] = {}
    left = float(min(parameters.sample_rows, sum(sizes.values())))
    weights = {name: parameters.disputed_weight if name == DISPUTED else 1.0 for name in sizes}
    for name in sorted(sizes, key=lambda name: -weights[name]):  # of the greatest weight first: it may be full
        total = sum(weights[other] * sizes[other] for other in sizes if other not in rates)
        rates[name] = min(1.0, left * weights[name] / total)
        left -= rates[name] * sizes[name]
    return rates


def is_judged(rows: Iterable[tuple[str, int]], share: float, seed: int) -> list[bool]:
    """Whether each row is in the sample.

    Args:
        rows: Task id and replicate of each.
        share: Share of the rows, 0 to 1.
        seed: The plan's.
    """
    if share >= _EVERY:
        return [True for _ in rows]
    return [
        share > 0 and bool(_chosen(task_id, replicate // BLOCK, share, seed) >> replicate % BLOCK & 1)
        for task_id, replicate in rows
    ]


@lru_cache(_KEPT)
def _chosen(task_id: str, block: int, share: float, seed: int) -> int:
    """The replicates of a block that are judged, a bit each."""
    replicates = range(block * BLOCK, (block + 1) * BLOCK)
    ranked = sorted(replicates, key=lambda replicate: draw(seed, "judged", task_id, replicate))
    judged = ranked[: floor(BLOCK * share + draw(seed, "judged", task_id, "block", block))]
    return sum(1 << replicate % BLOCK for replicate in judged)
