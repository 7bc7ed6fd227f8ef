"""Which tasks and languages lose rows, and by which reason most."""

from typing import Any

import pandas as pd

from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus, is_among
from synthetic_textcat.pipelines.quality_report.signals.measured import Measured
from synthetic_textcat.schemas.rows import records_of

MOST_LISTED = 50


def losses(corpus: Corpus) -> Measured:
    """Rows by their end, for each task and each language.

    Tables `losses_by_task` and `losses_by_language`: task or language, planned, accepted, rejected, rest (failed or not
    run), yield (accepted / planned, 0 to 1), reason (the one that rejected most rows, with their number); the lowest
    yield first, at most `MOST_LISTED`. As metrics the yields are `yield/task/<task_id>` and `yield/language/<code>`.
    """
    rows = corpus.requests[["request_id", "task", "language"]]
    rows = rows.assign(accepted=is_among(rows["request_id"], corpus.examples["request_id"]))
    rows = rows.merge(corpus.rejected[["request_id", "reject_reason"]], on="request_id", how="left")
    return Measured({}, {f"losses_by_{name}": _by(name, rows) for name in ("task", "language")})


def _by(name: str, rows: pd.DataFrame) -> list[dict[str, Any]]:
    groups = rows.groupby(name, sort=False)
    counts = groups.agg(
        planned=("request_id", "size"), accepted=("accepted", "sum"), rejected=("reject_reason", "count")
    )
    counts["rest"] = counts["planned"] - counts["accepted"] - counts["rejected"]
    counts["yield"] = counts["accepted"] / counts["planned"]
    worst = counts.sort_values("yield", kind="stable").head(MOST_LISTED)
    lost = rows[rows["reject_reason"].notna() & rows[name].isin(worst.index)]
    reasons = lost.groupby([name, "reject_reason"]).size().sort_values(kind="stable").reset_index(name="rows")
    most = reasons.drop_duplicates(name, keep="last").set_index(name)
    told = most["reject_reason"].str.replace("_", " ") + " (" + most["rows"].astype("str") + ")"
    return list(records_of(worst.assign(reason=told.reindex(worst.index)).reset_index()))
