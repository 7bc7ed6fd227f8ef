"""Exceptions of the project. A message is one line: what, where, allowed values, next step."""

import difflib
from collections.abc import Iterable, Iterator
from typing import Any
from unicodedata import normalize

_MOST_CAUSES = 12  # a chain of causes may be circular


class TextcatError(Exception):
    """An error that the user can fix; the command prints its text as one line and exits with 1."""


class ConfigurationError(TextcatError):
    """A configuration file that is malformed, or has a value that can't be read or merged."""


class ParameterError(TextcatError):
    """A parameter that does not exist, or whose value is out of range."""


class RunnerError(TextcatError):
    """A runner that can't run these pipelines."""


class TasksFileError(TextcatError):
    """A tasks file that is missing, empty, malformed or contradicts itself."""


class ConfusableFileError(TextcatError):
    """A file of confusable labels that is malformed, or names tasks or labels that do not exist."""


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


class MeterLostError(TextcatError):
    """A cluster's scheduler that does not answer a worker, so that limits and caps can't be kept."""


class JournalError(TextcatError):
    """A journal that belongs to another program, is damaged, can't be written, or is in use by another run."""


class ShardLostError(TextcatError):
    """A shard that another worker or a later run has taken: its owner saves and asks no more.

    Attributes:
        is_by_worker: Whether a worker of the same run has it.
    """

    def __init__(self, message: str, *, is_by_worker: bool = False) -> None:
        super().__init__(message)
        self.is_by_worker = is_by_worker

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles both parts: the error comes from another process."""
        return _shard_lost, (str(self), self.is_by_worker)


def _shard_lost(message: str, is_by_worker: bool) -> ShardLostError:
    return ShardLostError(message, is_by_worker=is_by_worker)


class ClusterError(TextcatError):
    """A cluster that can't do the work: no scheduler, other versions, storage that is not shared."""


class BatchError(TextcatError):
    """A batch that can't be sent or collected: a model without batches, a damaged record, a refused file."""


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
        cause: One of `schemas.outcomes.NO_REPLY_CAUSES`.
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
    twins = [option for option in options if normalize("NFC", option) == normalize("NFC", str(name)) and option != name]
    if twins:
        return f"did you mean {twins[0]}? Copy it from there: its Unicode form differs"
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
