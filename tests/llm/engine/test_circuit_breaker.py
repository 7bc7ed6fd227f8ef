"""The circuit breaker's transitions, by a clock that the test sets."""

import pytest

from synthetic_textcat.llm.engine.circuit_breaker import BreakerState, CircuitBreaker, Failure
from tests.support.each_case import each_of

_BROKEN = Failure("connection_error", "closed")
_TOO_LONG = Failure("rate_limited", "daily limit", 3600.0)


class _Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class _Watched(CircuitBreaker):
    """A breaker with its clock at hand."""

    def __init__(self, max_wait_s: float = 300.0, fewest_rows: int = 20) -> None:
        self.clock = _Clock()
        super().__init__(max_wait_s, fewest_rows, self.clock)

    def fails(self, times: int, failure: Failure = _BROKEN, first_row: int = 0, **how: object) -> BreakerState:
        for row in range(first_row, first_row + times):
            self.fail(failure, f"r{row}", **how)  # type: ignore[arg-type]
        return self.state

    def probe_fails(self, failure: Failure = _BROKEN) -> float:
        """Waits for the next probe, which fails; how long that was."""
        waited = self.wait_s
        self.clock.now += waited
        self.begin_probe()
        self.fail(failure, "probe", is_probe=True)
        return waited


@each_of(("in_flight", "needed"), [(1, 20), (4, 20), (10, 20), (11, 22), (32, 64), (500, 1000)])
def test_it_opens_when_twice_the_calls_in_flight_failed_and_twenty_at_least(in_flight: int, needed: int) -> None:
    breaker = _Watched()
    assert breaker.fails(needed - 1, in_flight=in_flight) is BreakerState.CLOSED
    assert breaker.fails(1, first_row=needed, in_flight=1) is BreakerState.OPEN  # the most of them counts, not the last


@pytest.mark.parametrize("between", [None, Failure("timeout", "slow")])
def test_a_reply_or_another_cause_between_begins_the_count_anew(between: Failure | None) -> None:
    breaker = _Watched()
    breaker.fails(19)
    if between is None:
        breaker.succeed()
    else:
        breaker.fail(between, "other")
    assert breaker.fails(19) is BreakerState.CLOSED
    assert breaker.fails(1) is BreakerState.OPEN


def test_while_it_is_open_one_probe_at_a_time_goes_out_each_after_twice_the_wait() -> None:
    breaker = _Watched()
    breaker.fails(20)
    assert breaker.wait_s == 5
    breaker.clock.now += 5
    assert breaker.wait_s == 0
    breaker.begin_probe()
    assert breaker.wait_s == float("inf")  # for all others
    breaker.fail(_BROKEN, "late", is_probe=False)  # it was in flight when the breaker opened
    assert breaker.state is BreakerState.HALF_OPEN
    breaker.fail(_BROKEN, "r1", is_probe=True)
    assert (breaker.state, breaker.wait_s) == (BreakerState.OPEN, 10)
    assert [breaker.probe_fails() for _ in range(3)] == [10, 20, 40]


def test_it_stops_when_it_has_waited_as_long_as_it_may_and_the_last_probe_is_at_the_very_end() -> None:
    breaker = _Watched(max_wait_s=60)
    breaker.fails(20)
    assert [breaker.probe_fails() for _ in range(4)] == [5, 10, 20, 25]
    assert breaker.state is BreakerState.STOPPED
    assert breaker.requested_wait_s is None
    breaker.succeed()  # too late
    assert breaker.state is BreakerState.STOPPED


def test_no_wait_at_all_stops_where_it_would_open() -> None:
    assert _Watched(max_wait_s=0).fails(20) is BreakerState.STOPPED


@pytest.mark.parametrize("is_probe", [True, False])
def test_any_reply_closes_it_and_the_next_outage_waits_anew(is_probe: bool) -> None:
    breaker = _Watched()
    breaker.fails(20)
    breaker.probe_fails()
    if is_probe:
        breaker.begin_probe()
    breaker.succeed()
    assert breaker.is_closed
    assert breaker.fails(20) is BreakerState.OPEN
    assert breaker.wait_s == 5


def test_it_waits_as_long_as_the_server_asks() -> None:
    breaker = _Watched()
    breaker.fails(19)
    breaker.fail(Failure("rate_limited", "slow down", 42.0), "r19")
    assert breaker.is_closed  # another cause
    breaker.fails(19, Failure("rate_limited", "slow down", 42.0), first_row=20)
    assert breaker.wait_s == 42
    assert breaker.probe_fails(Failure("rate_limited", "slow down", 7.0)) == 42
    assert breaker.wait_s == 7


def test_a_call_that_comes_home_late_may_lengthen_the_wait() -> None:
    breaker = _Watched()
    breaker.fails(20)
    breaker.fail(Failure("rate_limited", "slow down", 42.0), "late")
    assert breaker.wait_s == 42


def test_a_wait_beyond_the_limit_stops_it_after_twenty_and_says_until_when() -> None:
    breaker = _Watched()
    assert breaker.fails(19, _TOO_LONG, in_flight=32) is BreakerState.CLOSED
    assert (
        breaker.fails(1, _TOO_LONG, first_row=19, in_flight=32) is BreakerState.STOPPED
    )  # a second wave would tell no more
    assert breaker.requested_wait_s == 3600
    while_open = _Watched()
    while_open.fails(20)
    while_open.probe_fails(_TOO_LONG)
    assert while_open.state is BreakerState.STOPPED


def test_replies_to_calls_that_were_under_way_before_a_refusal_do_not_speak_against_it() -> None:
    breaker = _Watched()
    begun_at = breaker.now()
    breaker.clock.now += 1
    breaker.fails(19, _TOO_LONG)
    breaker.succeed(begun_at)
    assert breaker.fails(1, _TOO_LONG, first_row=19) is BreakerState.STOPPED
    another = _Watched()
    another.fails(19, _TOO_LONG)
    another.succeed(another.now())
    assert another.fails(19, _TOO_LONG) is BreakerState.CLOSED


def test_refusals_of_the_last_calls_there_are_stop_it_too() -> None:
    breaker = _Watched()
    breaker.conclude()
    assert breaker.is_closed
    breaker.fails(2, _TOO_LONG, rows_remain=False)
    assert breaker.is_closed
    breaker.conclude()
    assert breaker.state is BreakerState.STOPPED


def test_the_last_few_rows_are_no_outage_though_their_retries_are_many() -> None:
    breaker = _Watched()
    breaker.succeed()
    for _ in range(5):
        assert breaker.fails(19, rows_remain=False) is BreakerState.CLOSED
    assert breaker.fails(1, first_row=19, rows_remain=False) is BreakerState.OPEN
    of_rounds = _Watched(fewest_rows=1)
    of_rounds.succeed()
    for _ in range(19):
        of_rounds.fails(1, rows_remain=False)
    assert of_rounds.fails(1, rows_remain=False) is BreakerState.OPEN


def test_few_rows_open_it_where_nothing_was_ever_answered() -> None:
    breaker = _Watched()
    for _ in range(19):
        assert breaker.fails(1, rows_remain=False) is BreakerState.CLOSED
    assert breaker.fails(1, rows_remain=False) is BreakerState.OPEN


@pytest.mark.parametrize(
    ("answered", "causes", "ends"),
    [
        (False, ["timeout", "timeout"], BreakerState.STOPPED),
        (False, ["timeout", "server_error"], BreakerState.CLOSED),
        (True, ["timeout", "timeout"], BreakerState.CLOSED),
    ],
)
def test_calls_that_all_failed_for_one_cause_are_an_outage_once_none_are_left(
    answered: bool, causes: list[str], ends: BreakerState
) -> None:
    breaker = _Watched()
    if answered:
        breaker.succeed()
    for cause in causes:
        breaker.fail(Failure(cause, "no answer"), "r1", rows_remain=False)
    breaker.conclude()
    assert breaker.state is ends


def test_a_probe_without_an_outcome_makes_way_for_another() -> None:
    breaker = _Watched()
    breaker.fails(20)
    breaker.clock.now += 5
    breaker.begin_probe()
    breaker.abandon_probe()
    assert (breaker.state, breaker.wait_s) == (BreakerState.OPEN, 0)
