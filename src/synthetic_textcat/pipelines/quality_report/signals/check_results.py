"""Results of the checks in counts: reject reasons and flags, languages found, near duplicates, worst rows."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_textcat.hashing import draw
from synthetic_textcat.pipelines.quality_report.checks.tables import split_flags, without_note
from synthetic_textcat.pipelines.quality_report.row_ends import RowEnds
from synthetic_textcat.tables import RowTable, in_plan_order, text_hashes

LEAKED, WRONG_LANGUAGE, _ALIKE = "label_leaked", "wrong_language", "near_duplicate"

_LIKE = r"^(?P<similarity>[01]\.\d+) like (?P<kept>\S+)$"
"""Detail of a near duplicate, as written by `checks.comparisons`."""

_HITS = ["request_id", "reason", "detail"]
_COLUMNS = {
    "requests": ["task_id", "task", "language"],
    "findings": ["flags", "language_verdict", "detail"],
    "rejected": ["reject_reason", "detail"],
}


@dataclass
class CheckResults:
    """Counts of candidates and of hits: reasons that the checks found in rejected and flagged rows.

    Surplus rows are in no count by language or task.

    Attributes:
        candidates: Number of rows that were checked.
        rows: Rows by reason; a row counts once for each of its reasons.
        flags: Flags by reason.
        by_language, by_task: Candidates, and those in which a label leaked, by language and by task id.
        sentences: Sentence of each task in which a label leaked.
        verdicts: Rows by language and language verdict.
        found: Rows of the wrong language by language and by what was found instead.
        worst: By reason, the first of the order that `_first` defines: request_id, detail.
    """

    candidates: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    by_language: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    by_task: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    sentences: dict[str, str] = field(default_factory=dict)
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    found: Counter[tuple[str, str]] = field(default_factory=Counter)
    worst: dict[str, pd.DataFrame] = field(default_factory=dict)
    _kept: list[NDArray[np.uint64]] = field(default_factory=list)

    @property
    def cluster_sizes(self) -> NDArray[np.int64]:
        """Size of each cluster of an accepted row and its near duplicates."""
        _, sizes = np.unique(np.concatenate([np.empty(0, np.uint64), *self._kept]), return_counts=True)
        return sizes + 1

    def _add(self, hits: pd.DataFrame, seed: int, most: int) -> None:
        """Adds the hits of a batch; columns `_HITS`, is_flag, language (missing for a surplus row)."""
        like = hits["detail"].str.extract(_LIKE)
        self.rows.update(hits.drop_duplicates(["request_id", "reason"])["reason"].tolist())
        self.flags.update(hits.loc[hits["is_flag"], "reason"].tolist())
        alike = like["kept"][(hits["reason"] == _ALIKE) & like["kept"].notna()]
        self._kept.append(text_hashes(alike))
        wrong = hits[hits["reason"] == WRONG_LANGUAGE].dropna(subset="language")
        self.found.update(zip(wrong["language"], _found_instead(wrong["detail"]), strict=True))
        drawn = hits["request_id"].map(lambda request_id: draw(seed, "rejected", request_id))
        ranked = hits[_HITS].assign(similarity=pd.to_numeric(like["similarity"]), drawn=drawn)
        for reason, own in ranked.groupby("reason", sort=False):
            self.worst[str(reason)] = _first(self.worst.get(str(reason)), own, most)


def _first(known: pd.DataFrame | None, more: pd.DataFrame, most: int) -> pd.DataFrame:
    """The hits that are most similar to an earlier row, then those with the lowest draws."""
    both = more if known is None else pd.concat([known, more], ignore_index=True)
    return both.sort_values(["similarity", "drawn"], ascending=[False, True]).head(most)


def _found_instead(details: "pd.Series[str]") -> "pd.Series[str]":
    found = details.str.split(", ", n=1).str[-1].str.removeprefix("reads as ")
    return found.str.replace(r"^its letters are (.+)$", r"\1 letters", regex=True)


def check_results(
    requests: RowTable, findings: RowTable, rejected: RowTable, ends: RowEnds, seed: int, most: int
) -> CheckResults:
    """Counts what the checks found, in one walk.

    Args:
        requests: The plan.
        findings: Columns `FINDINGS`.
        rejected: Columns `REJECTED`.
        ends: End of each planned row.
        seed: Seed of the samples.
        most: Number of worst rows of each reason.
    """
    results = CheckResults()
    is_surplus = ends.has_outcome("surplus")
    for part in in_plan_order(requests, {"findings": findings, "rejected": rejected}, _COLUMNS):
        places = part.subsets["findings"].places
        own = ~is_surplus[places]
        asked = part.planned.iloc[(places - part.start)[own]].set_index("request_id")
        hits = _hits_of(part.subsets["findings"].rows, part.subsets["rejected"].rows)
        results.candidates += len(places)
        leaked = asked.index.isin(hits["request_id"][hits["reason"] == LEAKED])
        for counts, name in ((results.by_language, "language"), (results.by_task, "task_id")):
            _add_up(counts, asked[name], leaked)
        results.sentences.update(zip(asked["task_id"][leaked], asked["task"][leaked], strict=True))
        verdict = part.subsets["findings"].rows["language_verdict"][own].to_numpy()
        pairs = asked[["language"]].assign(verdict=verdict).groupby(["language", "verdict"]).size().reset_index()
        for language, said, rows in pairs.itertuples(index=False):
            results.verdicts[language, said] += rows
        if len(hits):
            language = asked["language"].reindex(hits["request_id"]).to_numpy()
            results._add(hits.assign(language=language), seed, most)  # noqa: SLF001  (of this module)
    return results


def _hits_of(findings: pd.DataFrame, rejected: pd.DataFrame) -> pd.DataFrame:
    """Hits of rejected rows, then of flagged ones: columns `_HITS` and is_flag."""
    flagged = findings[findings["flags"].fillna("") != ""]
    return pd.concat(
        [
            _rejected_hits(rejected).assign(is_flag=False),
            pd.DataFrame(_flags_in(flagged), columns=_HITS).astype("str").assign(is_flag=True),
        ],
        ignore_index=True,
    )


def _rejected_hits(rejected: pd.DataFrame) -> pd.DataFrame:
    hits = rejected.rename(columns={"reject_reason": "reason"})[_HITS]
    return hits.assign(detail=hits["detail"].map(without_note)) if len(hits) else hits


def _flags_in(flagged: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    for request_id, reasons, details in flagged[["request_id", "flags", "detail"]].itertuples(index=False):
        for reason, detail in split_flags(reasons, details):
            yield request_id, reason, detail


def _add_up(counts: dict[str, NDArray[np.int64]], column: "pd.Series[Any]", leaked: NDArray[np.bool_]) -> None:
    codes, names = pd.factorize(column)
    known = codes >= 0
    rows, hits = (np.bincount(codes[mask], minlength=len(names)) for mask in (known, known & leaked))
    for name, *both in zip(names.tolist(), rows.tolist(), hits.tolist(), strict=True):
        counts[name] = counts.get(name, np.zeros(2, np.int64)) + both


def leak_table(counts: Mapping[str, NDArray[np.int64]], column: str) -> pd.DataFrame:
    """Candidates and leaks by value, sorted by value: columns rows, leaked."""
    leaks = {name: both for name, both in sorted(counts.items()) if both[1]}
    table = pd.DataFrame(list(leaks.values()), index=pd.Index(list(leaks), dtype="str"), columns=["rows", "leaked"])
    return table.astype("int64").rename_axis(column)


def counted_pairs(counts: Mapping[tuple[str, str], int], names: list[str]) -> "pd.Series[int]":
    """Rows by pairs of values, sorted by both."""
    pairs = sorted(counts)
    index = pd.MultiIndex.from_tuples(pairs, names=names) if pairs else pd.MultiIndex.from_arrays([[], []], names=names)
    return pd.Series([counts[pair] for pair in pairs], index, dtype="int64")
