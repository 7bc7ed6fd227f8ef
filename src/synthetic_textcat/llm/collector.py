"""The garbage collector while calls are made."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS_BETWEEN_RUNS = 50_000


@contextmanager
def rare_collections() -> Iterator[None]:
    """Lets the collector run rarely, and not over what the imports left: a fifth of a call's processor time.

    Calls make few cycles; what they do make is still collected. Settings are as before at the end.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_RUNS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
