"""How many examples a property is tried on: in proportion to Hypothesis' profile, which `tests/conftest.py` registers.

A fixed `max_examples` would be the same in `make unit`, `make test` and `make proofs`.
"""

from hypothesis import settings

USUAL = 30
"""Examples of a property that says nothing, in `make test`."""


def examples(usual: int) -> settings:
    """Settings of a property that is tried on so many examples in `make test`.

    `make unit` tries a third of them; `make proofs` as many as any other property gets there, and no fewer than usual.
    """
    profile = settings().max_examples
    return settings(max_examples=max(1, min(usual * profile // USUAL, max(usual, profile))))
