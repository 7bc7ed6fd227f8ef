"""The ideal that the long-tail benchmark is held against."""

from benchmarks.scenarios.simulation import work_conserving_s
from tests.support.each_case import each_of


@each_of(
    ("latencies", "in_flight", "seconds"),
    [
        ([1.0, 1.0, 1.0, 1.0], 2, 2.0),
        ([3.0, 1.0, 1.0, 1.0], 2, 3.0),
        ([1.0, 1.0, 3.0], 2, 4.0),  # the long one comes last and ends alone
        ([2.0], 64, 2.0),
    ],
)
def test_no_worker_waits_while_there_is_a_call(latencies: list[float], in_flight: int, seconds: float) -> None:
    assert work_conserving_s(latencies, in_flight) == seconds
