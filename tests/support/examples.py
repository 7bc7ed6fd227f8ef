"""How many examples a property is tried on: in proportion to Hypothesis' profile, which `tests/conftest.py` registers.

A fixed `max_examples` would be the same in `make unit`, `make test` and `make proofs`.
"""

from hypothesis import settings

USUAL = 30
"""Examples of a property that says nothing, by which the others are measured."""

IN_A_TEST_RUN = 20
"""Of these, as many are tried in `make test`, which has six minutes; `make proofs` tries more than all."""


def examples(usual: int) -> settings:
    """Settings of a property that is usually tried on so many examples.

    `make test` tries two thirds of them, `make unit` a third; `make proofs` as many as any other property gets there,
    and no fewer than usual.
    """
    profile = settings().max_examples
    return settings(max_examples=max(1, min(usual * profile // USUAL, max(usual, profile))))
