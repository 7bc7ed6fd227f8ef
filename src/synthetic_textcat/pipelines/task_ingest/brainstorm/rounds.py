"""Brainstorming rounds: the domains, questions and accepted tasks as a function of seed and replies."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from synthetic_textcat.errors import DomainsFileError
from synthetic_textcat.hashing import draw, shuffled
from synthetic_textcat.pipelines.task_ingest.brainstorm.distinct_tasks import DistinctTasks
from synthetic_textcat.schemas.parameters import TaskIngestParameters
from synthetic_textcat.schemas.task_input import DomainsFile
from synthetic_textcat.schemas.tasks import Label, normalise

SHOWN = 6
"""Number of earlier tasks quoted in a prompt: enough to avoid repeats, few enough for the model to follow."""

_UNNAMED = "The file of the catalog entry domains"


class BrainstormQuestion(NamedTuple):
    """Input of one call: a domain, and some tasks of earlier rounds to avoid."""

    number: int
    domain: str
    found: tuple[str, ...]


class BrainstormReply(NamedTuple):
    """Result of one call.

    Attributes:
        sentences: Tasks of the reply; empty if it holds none.
        cause: Failure cause; None if the reply holds a list, or if there is no reply yet.
        detail: Details of the cause.
        model_name: Model that wrote the reply.
        is_settled: Whether the call is final; later rounds build on settled calls only.
    """

    sentences: Sequence[str] = ()
    cause: str | None = None
    detail: str = ""
    model_name: str | None = None
    is_settled: bool = True


class ProposedTask(NamedTuple):
    """Task proposed by a model, and the model's name."""

    sentence: str
    model_name: str | None


class CompletedCall(NamedTuple):
    """Call of a completed round, its result, and the new tasks among its sentences."""

    question: BrainstormQuestion
    result: BrainstormReply
    new: list[ProposedTask]


class BrainstormRounds:
    """State of brainstorming across rounds: `next_round` returns the questions, `add_round` takes their results.

    Prompts do not depend on the user's tasks, so that editing these does not repeat paid calls; proposals that repeat
    a user's task are dropped afterwards. Rounds always have their full size, so that a request for more tasks
    continues with the next round.

    Attributes:
        calls: Calls of the completed rounds, in order.
        stopped: Unsettled calls of the last round; empty if all are settled.
        wanted: Number of tasks to find, in addition to the user's.
    """

    def __init__(self, seed: int, settings: TaskIngestParameters, domains: Sequence[str], file: Iterable[str]) -> None:
        self.calls: list[CompletedCall] = []
        self.stopped: list[BrainstormReply] = []
        self.wanted = settings.num_brainstormed
        self._seed = seed
        self._settings = settings
        self._domains = shuffled_domains(domains, seed)
        self._file = list(file)
        self._found: list[str] = []
        self._count = 0

    @cached_property
    def _known(self) -> DistinctTasks:
        return DistinctTasks()

    @cached_property
    def _users(self) -> DistinctTasks:
        return DistinctTasks(self._file)

    @property
    def tasks(self) -> list[ProposedTask]:
        """New tasks in call order; the last round may exceed the number wanted."""
        return [task for call in self.calls for task in call.new]

    def next_round(self) -> list[BrainstormQuestion]:
        """Questions of the next round; empty if enough tasks are found, no calls are left, or calls are unsettled."""
        begin = len(self.calls)
        if self.stopped or self._count >= self.wanted:
            return []
        end = min(begin + self._settings.brainstorm_round, self._settings.max_calls)
        return [self._question(number) for number in range(begin, end)]

    def add_round(self, questions: Sequence[BrainstormQuestion], results: Sequence[BrainstormReply]) -> None:
        """Adds the results of a round, in call order; a round with unsettled calls adds nothing."""
        self.stopped = [each for each in results if not each.is_settled]
        if self.stopped:
            return
        for call, each in zip(questions, results, strict=True):
            fresh = [sentence for sentence in map(_in_one_line, each.sentences) if self._known.add(sentence)]
            self._found += fresh
            new = [ProposedTask(sentence, each.model_name) for sentence in fresh if sentence not in self._users]
            self.calls.append(CompletedCall(call, each, new))
            self._count += len(new)

    def _question(self, number: int) -> BrainstormQuestion:
        domain = self._domains[number % len(self._domains)]
        chances = ((draw(self._seed, "found", number, sentence), sentence) for sentence in self._found)
        return BrainstormQuestion(number, domain, tuple(sentence for _, sentence in sorted(chances)[:SHOWN]))


def _in_one_line(sentence: str) -> str:
    return " ".join(sentence.split())


def read_domains(content: object) -> list[str]:
    """Validated domains of the file's content, in file order.

    Args:
        content: Content of the catalog entry: a `DomainsFile`, or a list if the entry is a Kedro dataset type.

    Raises:
        DomainsFileError: If the content is not a list of distinct texts; names the entry.
    """
    file = _UNNAMED
    if isinstance(content, DomainsFile):
        file, content = content.path, content.content
    if not isinstance(content, list) or not content:
        raise DomainsFileError(f"{file} is not a list of domains. Next: write one `- ...` per line, such as `- bakery`")
    seen: dict[str, int] = {}
    for number, entry in enumerate(content, start=1):
        if not isinstance(entry, str) or not entry.strip():
            raise DomainsFileError(f"{file}, entry {number} is {entry!r}, which is not text. Next: quote or remove it")
        first = seen.setdefault(normalise(entry), number)
        if first != number:
            raise DomainsFileError(f"{file}, entry {number} repeats entry {first}: {entry!r}. Next: remove one")
    return [" ".join(entry.split()) for entry in content]


def shuffled_domains(domains: Sequence[str], seed: int) -> list[str]:
    """Domains in random order; call n uses the n-th, wrapping around at the end."""
    return shuffled(domains, seed, "domains")


class SelectedTask(NamedTuple):
    """Selected task with its label set, which is empty if none was requested or the call failed."""

    task: ProposedTask
    labels: tuple[Label, ...] = ()
    result: BrainstormReply = BrainstormReply()


class BrainstormResult(NamedTuple):
    """Result of brainstorming: the final state of the rounds, and the selected tasks."""

    rounds: BrainstormRounds
    selected: list[SelectedTask]

    @property
    def num_labelled(self) -> int:
        """Number of selected tasks with a label set."""
        return sum(bool(each.labels) for each in self.selected)
