"""The judge on the progress line and in the last lines of a run."""

import pandas as pd

from synthetic_textcat.hooks.summary_lines import verdict_lines
from synthetic_textcat.hooks.tally import WIDTH
from synthetic_textcat.hooks.verdict_tally import VerdictTally
from synthetic_textcat.llm.journal.lines import digests_of
from synthetic_textcat.schemas.label_verdicts import LABEL_VERDICTS, UNJUDGED_ROWS
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.rows import to_frame
from tests.llm.builders import completion, fingerprint, no_reply
from tests.pipelines.quality_report.builders import PRICES


def test_votes_are_counted_once_whatever_their_replies() -> None:
    tally = VerdictTally(digests_of(map(fingerprint, ("r0", "r0/2", "r1"))))
    tally.add([completion(request_id="r0"), no_reply(request_id="r0/2"), completion(request_id="r0", attempt=2)],
              PriceList.read(PRICES))  # fmt: skip
    assert tally.done == 1
    assert tally.line(1.0) == "1/3 verdicts, 1 without reply, 1.0/s, 30+ tokens, $0.00011+"
    tally.add([completion(request_id="r0/2")], PriceList.read(PRICES))
    assert tally.line(1.0).startswith("2/3 verdicts, 2.0/s")
    tally.add([no_reply(request_id="r0"), completion(request_id="of another plan")], PriceList.read(PRICES))
    assert tally.line(1.0).startswith("2/3 verdicts, 2.0/s")


def test_the_last_lines_have_verdicts_causes_and_the_judges_part_of_the_bill() -> None:
    rows = [("a", "x", 3, True, False), ("b", "y", 2, False, True), ("c", None, 1, False, False)]
    verdicts = pd.DataFrame([(*row, "m") for row in rows], columns=list(LABEL_VERDICTS)).astype(LABEL_VERDICTS)
    unjudged = to_frame([("d", "timeout", "slow"), ("e", "not_asked", "")], UNJUDGED_ROWS)
    metrics = {"judge/calls_this_run": 7.0, "judge/tokens_this_run": 1234.0, "judge/usd_this_run": 0.5}
    lines = list(verdict_lines(verdicts, unjudged, metrics))
    assert lines == [
        "judged    3: agreed 1, disputed 1, undecided 1",
        "          ambiguous 1: the judge accepts the misleading label too",
        "unjudged  2: timeout 1, not_asked 1",
        "judge     7 calls, 1,234 tokens, $0.50 of this run",
    ]
    assert max(map(len, lines)) <= WIDTH
    templates = verdicts.assign(model_name=OFFLINE_MODEL)
    assert list(verdict_lines(templates, unjudged, metrics))[-1].endswith("$0.50 (made up) of this run")
    nothing = verdicts.head(0), unjudged.head(0)
    assert list(verdict_lines(*nothing, {})) == []
