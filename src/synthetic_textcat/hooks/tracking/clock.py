"""A run's clock: wall-clock time read once, then advanced by the monotonic clock, which nobody sets."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

_NOTICEABLE_MS = 1000
"""Below this, the difference of the two clocks is their ordinary drift."""


@dataclass(frozen=True)
class RunClock:
    """Times for everything that one run records.

    Within a run its times never go back, and their differences are real durations, whatever happens to the machine's
    wall clock. Time in which the machine sleeps does not count where the system's monotonic clock leaves it out.

    Attributes:
        wall: Seconds since the epoch, as the machine's clock says; anyone may set it.
        monotonic: Seconds since some moment, which nobody sets.
    """

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    _anchor: tuple[float, float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_anchor", (self.wall(), self.monotonic()))

    @property
    def started_ms(self) -> int:
        """When the clock was made, in milliseconds since the epoch."""
        return int(self._anchor[0] * 1000)

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        wall, monotonic = self._anchor
        return int((wall + self.monotonic() - monotonic) * 1000)

    def correction_ms(self) -> int:
        """What to add to a time that the wall clock gave just now; 0 while nobody has set it."""
        ahead = self.now_ms() - int(self.wall() * 1000)
        return ahead if abs(ahead) >= _NOTICEABLE_MS else 0
