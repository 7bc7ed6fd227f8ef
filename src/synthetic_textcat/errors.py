"""One error tree. Each error is one line that says what is wrong, where, what is allowed and what to do next."""

import difflib
from collections.abc import Iterable, Iterator

_MOST_CAUSES = 12  # a chain may be a circle


class TextcatError(Exception):
    """Anything that a user can mend; the command prints its text as one line and exits with 1."""


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
    """Brainstorming that brought no tasks, or broke off."""


class PromptError(TextcatError):
    """A prompt template that can't be filled from a planned row."""


class PriceListError(TextcatError):
    """A price list that is malformed, or lacks the price that a limit in USD needs."""


class ModelSetupError(TextcatError):
    """A model that can't be built: no key, an unknown class, a setting it does not take."""


class FatalAnswerError(TextcatError):
    """An answer that every further call would get too: a wrong key, an unknown model, no server, no quota."""


class BadRequestError(FatalAnswerError):
    """A request that the server calls bad: fatal for the first call, one row's own fault after others went well."""


class RunStoppedError(TextcatError):
    """A server that stopped answering before there was a row to plan: the end of the run, though not its failure."""


class JournalError(TextcatError):
    """A journal that is not ours, is torn in the middle, can't be written, or is in use by another run."""


class StorageError(TextcatError):
    """Data that can't be read or written where the catalog names it: no such file system, no rights, no room."""


class StaleTableError(TextcatError):
    """A table on disk that belongs to another plan, prompt or task file than the ones beside it."""


class EvaluationError(TextcatError):
    """An evaluation that can't be made: there are no rows for it, or the user's rows or model don't fit."""


class MissingExtraError(EvaluationError):
    """A part of an evaluation that needs libraries which are not installed."""


class PublishError(TextcatError):
    """A dataset folder that can't be published: incomplete, not to be, or refused by the hub."""


class EarlierRunError(TextcatError):
    """An earlier run that can't be had: unknown, deleted, without the files needed, or planned by other code."""


class TrackingStoreError(TextcatError):
    """An MLflow store that can't be used as it is; its text says what to do."""


class MlflowTimeoutError(TextcatError):
    """A call to MLflow that was given up on."""


class QualityTooLowError(TextcatError):
    """Yield or quality beyond what a parameter allows; raised when everything is saved."""


class ContentFilteredError(Exception):
    """A request that the server's content filter refuses: one row's own outcome, told in the server's words."""


class TransportError(Exception):
    """A call that brought no reply, for now.

    Attributes:
        cause: One of `schemas.TRANSPORT_CAUSES`.
        retry_after_s: Seconds that the server asks to wait before the next try; None if it does not say.
        retryable: Whether the same request can bring a reply at another try.
        guess: What may be wrong with the address; empty for nothing. Any answer refutes it.
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
        """Its text, with the guess as long as the address has not answered anything."""
        return str(self) if has_answered or not self.guess else f"{self} ({self.guess})"


class UnreachableError(TransportError):
    """No API answers at the address: no server, no trusted connection, or a web page.

    Its text says what to set. It ends the run at the first call, and is a connection error of one row later on.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__("connection_error", message, retry_after_s)


def nearest(name: str, allowed: Iterable[str]) -> str:
    """A hint for a name that is not allowed: the closest ones, or all of a short list."""
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
