"""Numbers of examples and cases, in proportion to Hypothesis' profile, which `tests/conftest.py` registers.

A fixed number would be the same in `make unit`, `make test` and `make proofs`.
"""

from collections.abc import Iterable
from typing import TypeVar

from hypothesis import settings

Case = TypeVar("Case")

USUAL = 30
"""Examples of a property that says nothing, by which the others are measured."""

IN_A_TEST_RUN = 20
"""Of these, as many are tried in `make test`, which has six minutes; `make proofs` tries more than all."""


def examples(usual: int) -> settings:
    """Settings of a property that is usually tried on so many examples.

    `make test` tries two thirds of them, `make unit` a tenth; `make proofs` as many as any other property gets there,
    and no fewer than usual.
    """
    profile = settings().max_examples
    return settings(max_examples=max(1, min(usual * profile // USUAL, max(usual, profile))))


def cases(every: Iterable[Case], step: int) -> list[Case]:
    """Cases of a test that is tried on many alike, such as each class in each place: all, or fewer in `make unit`.

    Args:
        every: All of them, which `make test` and `make proofs` try.
        step: `make unit` tries each case whose number is a multiple of it, the first one among them.
    """
    listed = list(every)
    return listed[::step] if settings().max_examples < IN_A_TEST_RUN else listed
