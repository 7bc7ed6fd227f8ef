"""When a call that brought no reply is made again."""

from synthetic_textcat.llm.calls.policy import RetryPolicy
from tests.support.each_case import each_of

_LATEST = RetryPolicy(max_retries=8, jitter=lambda: 1.0)


def test_waits_double_up_to_a_limit_and_end_after_the_last_retry() -> None:
    assert [_LATEST.wait_s(retry) for retry in range(1, 10)] == [1, 2, 4, 8, 16, 20, 20, 20, None]


def test_full_jitter_draws_from_the_whole_wait() -> None:
    waits = [wait for _ in range(200) if (wait := RetryPolicy(max_retries=5).wait_s(4)) is not None]
    assert len(waits) == 200
    assert min(waits) < 2
    assert 6 < max(waits) <= 8


@each_of("told", [0.05, 1, 30, 300])
def test_what_the_server_asks_for_is_the_least_wait_and_alike_calls_are_spread(told: float) -> None:
    assert RetryPolicy(jitter=lambda: 0.0).wait_s(1, told) == told
    assert RetryPolicy(jitter=lambda: 1.0).wait_s(4, told) == told + min(1, told)


def test_longer_than_the_limit_is_not_waited_for() -> None:
    assert RetryPolicy().wait_s(1, 301) is None
    assert RetryPolicy(max_wait_s=3600, jitter=lambda: 0.0).wait_s(1, 301) == 301


def test_a_wait_of_nothing_says_nothing() -> None:
    assert _LATEST.wait_s(3, 0) == 4


def test_no_retries_are_none() -> None:
    assert RetryPolicy(max_retries=0).wait_s(1) is None
