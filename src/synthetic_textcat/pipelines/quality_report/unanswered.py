"""Rows that got no reply: why most of them got none, in the server's words."""

import pandas as pd

from synthetic_textcat.schemas.outcomes import TRANSPORT_CAUSES


def commonest_reason(failed: pd.DataFrame) -> str:
    """The commonest transport cause with its commonest words, as "10 rows failed as timeout (…)"; empty without one.

    Args:
        failed: Columns `failure_cause` and `detail`.
    """
    rows = failed[failed["failure_cause"].isin(list(TRANSPORT_CAUSES))]
    if rows.empty:
        return ""
    cause = rows["failure_cause"].value_counts().index[0]
    details = rows.loc[rows["failure_cause"] == cause, "detail"]
    words = str(details.value_counts().index[0]).partition(". Next: ")[0].rstrip(".")
    return f"{len(details):,} {'row' if len(details) == 1 else 'rows'} failed as {cause} ({words})"
