"""No more calls in flight than there can be connections."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from synthetic_textcat.llm.descriptors import fitted
from synthetic_textcat.schemas.parameters import GenerationParameters


@contextmanager
def _limited(soft: int) -> Iterator[None]:
    """A lower soft limit; the hard one can't be raised again, so it stays."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_soft_limit_is_raised_to_the_hard_one(caplog: pytest.LogCaptureFixture) -> None:
    wanted = GenerationParameters.model_validate({"max_concurrency": 300})
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with _limited(256):
        assert fitted(wanted) is wanted
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    assert not caplog.records


def test_in_a_process_of_a_low_hard_limit_concurrency_is_fitted() -> None:
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:  # a hard limit can't be raised again
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
            wanted = GenerationParameters.model_validate({"max_concurrency": 300, "max_attempts": 2})
            found = fitted(wanted)
            os.write(writer, f"{found.max_concurrency} {found.max_attempts}".encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        concurrency, attempts = map(int, pipe.read().split())
    assert 1 <= concurrency < 128 - 32
    assert attempts == 2
