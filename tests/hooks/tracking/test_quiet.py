"""MLflow is silent while any thread asks for it, and the process is as before when the last one is done."""

import logging
import threading
import warnings

from synthetic_textcat.hooks.tracking.quiet import no_logs, quiet

_NOISY = logging.getLogger("mlflow.store")


def test_threads_do_not_undo_each_others_silence() -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with quiet():
            entered.set()
            leave.wait(60)

    filters = list(warnings.filters)
    thread = threading.Thread(target=hold)
    with quiet():
        thread.start()
        entered.wait(60)
    assert not _NOISY.isEnabledFor(logging.CRITICAL)
    warnings.warn("not seen, else an error here", stacklevel=1)
    leave.set()
    thread.join()

    assert _NOISY.isEnabledFor(logging.CRITICAL)
    assert list(warnings.filters) == filters


def test_a_call_that_never_comes_back_keeps_no_warning_from_others() -> None:
    filters = list(warnings.filters)
    with no_logs():
        assert list(warnings.filters) == filters
        with quiet():
            warnings.warn("not seen, else an error here", stacklevel=1)
        assert not _NOISY.isEnabledFor(logging.CRITICAL)
