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
"""How many of the tasks found so far a call is shown: enough to steer away from, few enough to be read."""

_UNNAMED = "The file of the catalog entry domains"


class Asked(NamedTuple):
    """What one call asks for: tasks of a domain, with some of those found in earlier rounds to keep away from."""

    number: int
    domain: str
    found: tuple[str, ...]


class Brought(NamedTuple):
    """What came of one call.

    Attributes:
        sentences: The tasks in its reply; empty where it has none.
        cause: Why there is no list; None with one, or with no answer at all.
        detail: The words for the cause.
        model_name: Who wrote it.
        is_settled: Whether no more is to be asked: later rounds stand on settled calls only.
    """

    sentences: Sequence[str] = ()
    cause: str | None = None
    detail: str = ""
    model_name: str | None = None
    is_settled: bool = True


class Thought(NamedTuple):
    """A task that the model thought of, and who wrote it."""

    sentence: str
    model_name: str | None


class Turn(NamedTuple):
    """One call of a whole round, what it brought, and those of its tasks that were new."""

    asked: Asked
    brought: Brought
    new: list[Thought]


class Rounds:
    """Goes from round to round: `next_round` says what to ask, `take` what came of it.

    Prompts know nothing of the user's tasks, so that editing these does not ask again what is paid for. But what they
    say already does not count. Rounds are whole whatever is still missing: asking for more tasks goes on behind them.

    Attributes:
        turns: The calls of the rounds that are whole, in order.
        stopped: The calls of the last round that are not settled; empty while all are.
        wanted: How many tasks there are to be, beside the user's.
    """

    def __init__(self, seed: int, settings: TaskIngestParameters, domains: Sequence[str], file: Iterable[str]) -> None:
        self.turns: list[Turn] = []
        self.stopped: list[Brought] = []
        self.wanted = settings.num_brainstormed
        self._seed = seed
        self._settings = settings
        self._domains = in_turn(domains, seed)
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
    def tasks(self) -> list[Thought]:
        """All new tasks, in the order of the calls; more than asked for where the last round brought more."""
        return [thought for turn in self.turns for thought in turn.new]

    def next_round(self) -> list[Asked]:
        """The next calls; none if there are tasks enough, no calls left, or unsettled ones."""
        begin = len(self.turns)
        if self.stopped or self._count >= self.wanted:
            return []
        end = min(begin + self._settings.brainstorm_round, self._settings.max_calls)
        return [self._asked(number) for number in range(begin, end)]

    def take(self, asked: Sequence[Asked], brought: Sequence[Brought]) -> None:
        """Takes in what a round's calls brought, in their order; of a round with unsettled calls nothing."""
        self.stopped = [each for each in brought if not each.is_settled]
        if self.stopped:
            return
        for call, each in zip(asked, brought, strict=True):
            fresh = [sentence for sentence in map(_in_one_line, each.sentences) if self._known.add(sentence)]
            self._found += fresh
            new = [Thought(sentence, each.model_name) for sentence in fresh if sentence not in self._users]
            self.turns.append(Turn(call, each, new))
            self._count += len(new)

    def _asked(self, number: int) -> Asked:
        domain = self._domains[number % len(self._domains)]
        chances = ((draw(self._seed, "found", number, sentence), sentence) for sentence in self._found)
        return Asked(number, domain, tuple(sentence for _, sentence in sorted(chances)[:SHOWN]))


def _in_one_line(sentence: str) -> str:
    return " ".join(sentence.split())


def read_domains(content: object) -> list[str]:
    """The domains of the file's content, in its order.

    Args:
        content: What the catalog's entry loads: a `DomainsFile`, or, from a dataset of Kedro's, a list.

    Raises:
        DomainsFileError: If it is no list of different texts; names the entry.
    """
    file = _UNNAMED
    if isinstance(content, DomainsFile):
        file, content = content.path, content.content
    if not isinstance(content, list) or not content:
        raise DomainsFileError(f"{file} is no list of domains. Next: write one `- ...` a line, such as `- bakery`")
    seen: dict[str, int] = {}
    for number, entry in enumerate(content, start=1):
        if not isinstance(entry, str) or not entry.strip():
            raise DomainsFileError(f"{file}, entry {number} is {entry!r}, which is no text. Next: quote or remove it")
        first = seen.setdefault(normalise(entry), number)
        if first != number:
            raise DomainsFileError(f"{file}, entry {number} repeats entry {first}: {entry!r}. Next: remove one")
    return [" ".join(entry.split()) for entry in content]


def in_turn(domains: Sequence[str], seed: int) -> list[str]:
    """The order in which calls get the domains: call n the n-th, and past the last one from the first again."""
    return shuffled(domains, seed, "domains")


class Proposed(NamedTuple):
    """A task that counts, with its label set: empty where none is asked for, or none was had."""

    thought: Thought
    labels: tuple[Label, ...] = ()
    brought: Brought = Brought()


class Found(NamedTuple):
    """What brainstorming came to: the rounds at their end, and the tasks that count."""

    rounds: Rounds
    proposed: list[Proposed]

    @property
    def labelled(self) -> int:
        """How many of the tasks have a label set."""
        return sum(bool(each.labels) for each in self.proposed)
