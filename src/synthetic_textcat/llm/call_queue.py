"""A queue of calls that knows whether any is left: one call is drawn ahead of the workers."""

from collections.abc import Iterable, Iterator

from synthetic_textcat.llm.calls import Call


class CallQueue:
    """Hands out calls in their order.

    An error in drawing the next call surfaces when that call is asked for, so that the calls before it are still made.

    Args:
        calls: May be drawn lazily.
    """

    def __init__(self, calls: Iterable[Call] = ()) -> None:
        self._calls: Iterator[Call] = iter(calls)
        self._ahead: Call | None = None
        self._error: Exception | None = None
        self._draw()

    @property
    def is_empty(self) -> bool:
        """Whether all calls are handed out."""
        return self._ahead is None

    def take(self) -> Call | None:
        """The next call; None if there is none."""
        if self._error is not None:
            raise self._error
        call = self._ahead
        if call is not None:
            self._draw()
        return call

    def _draw(self) -> None:
        self._ahead = None
        try:
            self._ahead = next(self._calls, None)
        except Exception as error:  # noqa: BLE001  raised by `take`
            self._error = error
