"""Exception hierarchy and file system messages. A message is one line: what, where, allowed values, next step."""

import difflib
import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from synthetic_textcat.text.unicode import single_line

_MOST_CAUSES = 12  # a chain of causes may be circular
_MAKE_ROOM = "make room there"
_NEXT_STEPS = {
    errno.EACCES: "give this user permission to read and write it",
    errno.EPERM: "give this user permission to read and write it",
    errno.EROFS: "mount the file system for writing, or name a path on another one in the catalog",
    errno.ENOSPC: _MAKE_ROOM,
    errno.EFBIG: f"{_MAKE_ROOM}, or raise the limit on a file's size (`ulimit -f`)",
    errno.EDQUOT: f"{_MAKE_ROOM}, or ask for a larger quota",
    errno.EIO: "check the disk or the mount, since the device itself reports an error",
    errno.ESTALE: "mount the network file system again",
    errno.EISDIR: "move the folder away, or name another path in the catalog",
    errno.ENOTDIR: "move the file away that stands where its path needs a folder",
    errno.EEXIST: "move away what stands where its path needs a folder, or fix the link that points nowhere",
    errno.ELOOP: "fix the symbolic link, which leads back to itself",
    errno.ENOENT: "restore it, or run the pipeline that writes it",
    errno.EMFILE: "raise the limit on open files (`ulimit -n`), or lower generation.max_concurrency",
    errno.ENFILE: "close other programs, since the whole system has too many files open",
    errno.ENAMETOOLONG: "name a shorter path in the catalog",
}
_ANY_OTHER = "check whether the disk, the mount or the server that it names can be reached"


class TextcatError(Exception):
    """An error that the user can fix; the command prints its text as one line and exits with 1."""


class ParameterError(TextcatError):
    """A parameter that does not exist, or whose value is out of range."""


class RunnerError(TextcatError):
    """A runner that can't run these pipelines."""


class TasksFileError(TextcatError):
    """A tasks file that is missing, empty, malformed or contradicts itself."""


class DomainsFileError(TextcatError):
    """A list of domains that is malformed or repeats itself."""


class ReferenceTextsError(TextcatError):
    """A file of real texts that is malformed, or lacks their column."""


class BrainstormError(TextcatError):
    """Brainstorming that produced no tasks, or was cut short."""


class PromptError(TextcatError):
    """A prompt template that can't be filled from a planned row."""


class PriceListError(TextcatError):
    """A price list that is malformed, or lacks the price that a limit in USD needs."""


class ModelSetupError(TextcatError):
    """A model that can't be built: no key, an unknown class, a setting it does not take."""


class FatalAnswerError(TextcatError):
    """A failure that every further call would repeat: a wrong key, an unknown model, no server, no quota."""


class BadRequestError(FatalAnswerError):
    """A request that the server rejects as bad: fatal for the first call, one row's failure once others succeeded."""


class RunStoppedError(TextcatError):
    """A run that ends early but has not failed: the server stopped answering before any row could be planned."""


class JournalError(TextcatError):
    """A journal that belongs to another program, is damaged, can't be written, or is in use by another run."""


class StorageError(TextcatError):
    """Data that can't be read or written at its catalog path: no such file system, no permission, no space."""


class StaleTableError(TextcatError):
    """A table on disk that was made from another plan, prompt or task file than the related tables."""


class EvaluationError(TextcatError):
    """An evaluation that can't run: there are no rows for it, or the user's rows or model don't fit."""


class MissingExtraError(EvaluationError):
    """An evaluation that needs libraries that are not installed."""


class PublishError(TextcatError):
    """A dataset folder that can't be published: incomplete, not allowed, or refused by the hub."""


class EarlierRunError(TextcatError):
    """An earlier run that can't be loaded: unknown, deleted, without the files needed, or planned by other code."""


class TrackingStoreError(TextcatError):
    """An MLflow store that can't be used as it is; the message says what to do."""


class MlflowTimeoutError(TextcatError):
    """A call to MLflow that took too long and was abandoned."""


class QualityTooLowError(TextcatError):
    """Yield or quality outside the limits of a parameter; raised after everything is saved."""


class ContentFilteredError(Exception):
    """A request that the server's content filter refuses: the outcome of one row, in the server's words."""


class TransportError(Exception):
    """A call without a reply, for now.

    Attributes:
        cause: One of `schemas.TRANSPORT_CAUSES`.
        retry_after_s: Seconds that the server asks to wait before the next try; None if it does not say.
        retryable: Whether the same request may get a reply if it is sent again.
        guess: A possible mistake in the address; empty for none. Any answer refutes it.
    """

    def __init__(
        self,
        cause: str,
        message: str,
        retry_after_s: float | None = None,
        *,
        retryable: bool = True,
        guess: str = "",
    ) -> None:
        super().__init__(message)
        self.cause = cause
        self.retry_after_s = retry_after_s
        self.retryable = retryable
        self.guess = guess

    def says(self, has_answered: bool) -> str:
        """The message, with the guess as long as the address has not answered."""
        return str(self) if has_answered or not self.guess else f"{self} ({self.guess})"


class UnreachableError(TransportError):
    """An address where no API answers: no server, no trusted connection, or a web page.

    The message says what to set. It ends the run at the first call; later it is a connection error of one row.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__("connection_error", message, retry_after_s)


def nearest(name: str, allowed: Iterable[str]) -> str:
    """A hint for a name that is not allowed: the closest names, or all of a short list."""
    options = sorted(map(str, allowed))
    lowered = {option.casefold(): option for option in options}
    close = [lowered[match] for match in difflib.get_close_matches(str(name).casefold(), lowered, n=3)]
    if close:
        return f"did you mean {' or '.join(close)}?"
    if not options:
        return "there is nothing to set"
    return f"allowed: {', '.join(options)}" if len(options) <= 20 else "none is near it"


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The chain of an exception: the error itself, then its causes, declared or not, and the parts of a group."""
    waiting, seen = [error], set[int]()
    while waiting and len(seen) < _MOST_CAUSES:
        each = waiting.pop(0)
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting.append(each.__cause__ or each.__context__)  # also a suppressed one: httpcore suppresses what it maps
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions


def about_file(error: OSError, path: object = "", verb: str = "read or write") -> str:
    """One sentence with the file and the cause, and one with the next step.

    Args:
        error: What the system said. Libraries put their own words into it, so its number counts where it has one.
        path: The file, as it is named in the catalog; empty where nobody knows it.
        verb: What could not be done with it.
    """
    number = _number_of(error)
    said = os.strerror(number) if number else single_line(error)
    where = short_path(path) if path else "a file"
    return f"Can't {verb} {where}: {said}. Next: {_NEXT_STEPS.get(number, _ANY_OTHER)}"


def _number_of(error: OSError) -> int:
    """The errno; 0 where there is none, or where a subclass of a library counts by a list of its own (ssl, DNS)."""
    return error.errno or 0 if type(error).__module__ == OSError.__module__ else 0


def short_path(path: object) -> str:
    """A path as seen from the folder of the command, if it lies in it."""
    try:
        return str(Path(str(path)).relative_to(Path.cwd()))
    except (ValueError, OSError):  # OSError: that folder is gone
        return str(path)
