"""Why most of the rows without a reply got none."""

import pandas as pd

from synthetic_textcat.pipelines.quality_report.concerns import assess, complaint
from synthetic_textcat.pipelines.quality_report.unanswered import commonest_reason
from synthetic_textcat.schemas.parameters import QualityReportParameters
from synthetic_textcat.schemas.stops import Outage, Stops
from tests.pipelines.quality_report.builders import ledger


def _failed(*rows: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["failure_cause", "detail"])


def test_the_commonest_transport_cause_is_told_in_its_commonest_words() -> None:
    rows = [("invalid_json", "no JSON")] * 5 + [("timeout", "slow")] * 2
    rows += [("server_error", "busy. Next: wait")] * 2 + [("server_error", "another")]
    assert commonest_reason(_failed(*rows)) == "3 rows failed as server_error (busy)"
    assert commonest_reason(_failed(("timeout", "slow"))) == "1 row failed as timeout (slow)"


def test_without_such_a_row_there_is_nothing_to_tell() -> None:
    assert commonest_reason(_failed()) == ""
    assert commonest_reason(_failed(("refused", "no"))) == ""


def test_a_yield_that_is_low_for_it_says_so_in_the_servers_words() -> None:
    made = ledger(accepted=1, rejected={}, failed={"timeout": 9}, not_run=0)
    reason = commonest_reason(_failed(*[("timeout", "still loading")] * 9))
    line = complaint(assess(made, {}, QualityReportParameters(), {}, unanswered=reason))
    assert line is not None
    assert line.startswith("Only 1 of 10 rows were accepted; 9 rows failed as timeout (still loading) (quality")
    assert "Next: run the same command again when the server answers, or look at the most common causes" in line
    after_outage = Stops(outage=Outage(cause="timeout", words="still loading"))
    assert assess(made, {}, QualityReportParameters(), {}, after_outage, reason) == []
