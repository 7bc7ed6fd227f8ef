"""Checks that several processes share have the result of one, to the last row and finding."""

import multiprocessing

import pandas as pd
import pytest

from synthetic_textcat.work_pool import THIS_MACHINE, MachinePool
from tests.pipelines.quality_report.checks.faulty_candidates import checked_by


@pytest.mark.whole_run  # its processes import the package anew
def test_rows_are_checked_the_same_by_any_number_of_processes() -> None:
    alone = checked_by(THIS_MACHINE, rows=2_500)
    shared = checked_by(MachinePool(rows_to_share=1_000, processes=2), rows=2_500)
    for name, table in alone._asdict().items():
        pd.testing.assert_frame_equal(getattr(shared, name), table)
    assert set(alone.rejected["reject_reason"]) >= {"wrong_language", "exact_duplicate", "near_duplicate"}
    assert len(alone.examples) > 500
    assert not multiprocessing.active_children()
