"""What is wrong with a quota."""

from collections.abc import Iterator, Mapping

from synthetic_textcat.pipelines.quality_report.concern import Concern
from synthetic_textcat.pipelines.quality_report.culprits import Tables
from synthetic_textcat.schemas.quota import counted

_WEIGHT = 0.9  # a quota that is not met comes before all other warnings


def quota_concerns(metrics: Mapping[str, float | None], tables: Tables) -> Iterator[Concern]:
    """Cells that were given up, and rows that are missing in the others; none without a quota."""
    given_up = [line for line in tables.get("quota", ()) if line["state"] == "given up"]
    if cells := int(metrics.get("quota/cells_infeasible") or 0):
        worst = f": {given_up[0]['cell']} lost its rows to {given_up[0]['causes']}" if given_up else ""
        yield Concern(
            level="warn",
            weight=_WEIGHT,
            parameter="attribute_sampling.target_accepted",
            says=f"{cells:,} of {counted(int(metrics['quota/cells'] or 0), 'cell')} of the quota given up{worst}",
            then="read their replies in the dataset 'shortfall'; mend the prompt, or leave the cell out",
            signal="",
        )
    short = [line for line in tables.get("quota", ()) if line["state"] == "short"]
    if short:
        missing = sum(line["missing"] for line in short)
        yield Concern(
            level="warn",
            weight=_WEIGHT,
            parameter="attribute_sampling.max_rounds",
            says=f"{counted(missing, 'row')} missing in {counted(len(short), 'cell')} of the quota",
            then="run the same command again, with a higher cap or more rounds if one of these ended it",
            signal="",
        )
