"""Nodes of brainstorming, and the plan of its calls for the node that asks and the node that collects."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from langchain_core.prompts import ChatPromptTemplate
from pydantic import BaseModel

from synthetic_textcat.hashing import draw_int
from synthetic_textcat.llm.calls import Call
from synthetic_textcat.llm.prompts import Fingerprinter, Messages, check_placeholders
from synthetic_textcat.llm.settlement import Settlement
from synthetic_textcat.pipelines.task_ingest.brainstorm.rounds import Asked, Brought, Rounds, Thought
from synthetic_textcat.schemas.completions import LabelSet, TaskList, label_set_schema, task_list_schema
from synthetic_textcat.schemas.parameters import LlmParameters, TaskIngestParameters
from synthetic_textcat.schemas.tasks import Label, Task

_NONE_YET = "(none yet)"
_TIMES_ASKED, _ASKED_BEYOND = 2, 20
"""At most twice the tasks that are wanted, and 20, are asked for a label set: enough to replace every other one, and so
many that a model which can't do it at all ends the run at `first_replies.ENOUGH`, however few are wanted."""


class Questions(NamedTuple):
    """Calls that may be made at once, what their replies are to hold, and what they ask for in words."""

    calls: list[Call]
    wanted: type[BaseModel]
    about: str


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


Conversation = Generator[Questions, Sequence[Settlement[Any]], Found]
"""Gives questions, is sent what they came to, and in the end returns what was found."""


@dataclass(frozen=True)
class BrainstormPlan:
    """What the brainstorming is a function of, beside the replies.

    Attributes:
        seed, settings, domains: See the parameters and `domains.yml`.
        file: The sentences of the user's tasks.
        prompt, label_prompt: Ask for tasks, and for the label set of one.
        llm, identity: The model, as the fingerprint knows it.
        max_attempts: Replies after which a call has failed.
    """

    seed: int
    settings: TaskIngestParameters
    domains: Sequence[str]
    file: Sequence[str]
    prompt: ChatPromptTemplate
    label_prompt: ChatPromptTemplate
    llm: LlmParameters
    identity: Sequence[Any]
    max_attempts: int

    def __post_init__(self) -> None:
        """Raises PromptError if a prompt can't be filled."""
        check_placeholders("brainstorm", self.prompt, required=["num_tasks", "domain", "found"], allowed=[])
        check_placeholders("label_set", self.label_prompt, required=["task"], allowed=[])

    def conversation(self) -> Conversation:
        """The whole of it; the same questions for the same answers."""
        rounds = Rounds(self.seed, self.settings, self.domains, self.file)
        yield from self._rounds(rounds)
        if self.settings.label_sets == "none" or rounds.stopped:
            return Found(rounds, [Proposed(thought) for thought in rounds.tasks[: rounds.wanted]])
        return Found(rounds, (yield from self._label_sets(rounds)))

    def _label_sets(self, rounds: Rounds) -> Generator[Questions, Sequence[Settlement[Any]], list[Proposed]]:
        """Goes down the list of tasks until enough have a set; a task that got none is replaced by the next one."""
        proposed: list[Proposed] = []
        while not rounds.stopped and (thoughts := rounds.tasks[len(proposed) : rounds.wanted]):
            settlements = yield Questions([self._label_call(thought) for thought in thoughts], LabelSet, "label sets")
            proposed += [self._proposed(*each) for each in zip(thoughts, settlements, strict=True)]
            if any(not each.brought.is_settled for each in proposed):
                break
            missing = sum(not each.labels for each in proposed)
            rounds.wanted = min(self.settings.num_brainstormed + missing, self._most_asked)
            yield from self._rounds(rounds)
        return proposed

    @property
    def _most_asked(self) -> int:
        """How many tasks are asked for a label set: if more are wanted, the first ones stay the first ones."""
        return _TIMES_ASKED * self.settings.num_brainstormed + _ASKED_BEYOND

    def _rounds(self, rounds: Rounds) -> Generator[Questions, Sequence[Settlement[Any]], None]:
        while asked := rounds.next_round():
            about = f"tasks ({len(rounds.tasks)} of {rounds.wanted} so far)"
            settlements = yield Questions([self._task_call(call) for call in asked], TaskList, about)
            rounds.take(asked, [self._brought(settlement) for settlement in settlements])

    def _task_call(self, asked: Asked) -> Call:
        found = "\n".join(f"- {sentence}" for sentence in asked.found) or _NONE_YET
        messages = self.prompt.format_messages(num_tasks=self.settings.tasks_per_call, domain=asked.domain, found=found)
        return self._call(str(asked.number), messages, task_list_schema())

    def _label_call(self, thought: Thought) -> Call:
        messages = self.label_prompt.format_messages(task=thought.sentence)
        number = f"labels {Task(task=thought.sentence).task_id}"
        return self._call(number, messages, label_set_schema())

    def _call(self, number: str, messages: Messages, schema: dict[str, Any]) -> Call:
        fingerprint = Fingerprinter(self.llm, self.identity).of(f"brainstorm {self.seed} {number}", messages, schema)
        return Call(number, fingerprint, messages, schema, draw_int(31, self.seed, "brainstorm", number))

    def _brought(self, settlement: Settlement[Any]) -> Brought:
        sentences = settlement.value.tasks if isinstance(settlement.value, TaskList) else ()
        model_name = settlement.completion.model_name if settlement.completion else None
        cause, detail = settlement.problem or (None, "")
        is_settled = not settlement.is_open(self.max_attempts)
        return Brought(sentences, cause, detail, model_name, is_settled)

    def _proposed(self, thought: Thought, settlement: Settlement[LabelSet]) -> Proposed:
        labels = settlement.value.labels if settlement.value else ()
        named = tuple(Label(name=label.name, description=label.description) for label in labels)
        return Proposed(thought, named, self._brought(settlement))


def answer_all(conversation: Conversation, answers: Callable[[Questions], Sequence[Settlement[Any]]]) -> Found:
    """What is found if each question is answered so."""
    try:
        questions = next(conversation)
        while True:
            questions = conversation.send(answers(questions))
    except StopIteration as end:
        found: Found = end.value
        return found
