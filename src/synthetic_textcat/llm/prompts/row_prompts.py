"""Row prompts: templates, rendered messages of planned rows, and a preview of some rows."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.prompts import (
    AIMessagePromptTemplate,
    ChatPromptTemplate,
    HumanMessagePromptTemplate,
    PromptTemplate,
    SystemMessagePromptTemplate,
)

from synthetic_textcat.errors import PromptError
from synthetic_textcat.llm.prompts.length_placeholders import (
    BOUNDS,
    NUM_WORDS,
    LengthForm,
    bounds_in,
    check_length,
    for_lengths,
    form_of,
    has_bounds,
)
from synthetic_textcat.llm.prompts.messages import Messages, check_placeholders, wire_form, without_line
from synthetic_textcat.schemas.completions import planned_row_schema, row_schema
from synthetic_textcat.schemas.label_sets import LABELS, shown_labels
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import ATTRIBUTES, own_of, records_of
from synthetic_textcat.schemas.seed_examples import ShownTexts
from synthetic_textcat.schemas.several_labels_replies import planned_several_labels_schema, several_labels_schema
from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.schemas.task_table import TaskTable, as_task_table
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import RowTable

ROWS = 3
MOST_EVEN_LABELS = 6
"""Labels of a task up to which an even draw of misleading labels is not advised against."""

_NOT_DRAWN = {"request_id", "task_id", "replicate", "task", "seed"}

OWN, SEEDS = "own_attributes", "seed_examples"
"""Placeholders with a line of their own, which is removed when they are empty."""

_LABELS = ("labels", "label", "misleading_label")
_PLANNED_LABELS = "planned_labels"
_SEVERAL = ("labels", _PLANNED_LABELS, "misleading_label")

_PLAIN_MESSAGES: dict[type, type[BaseMessage]] = {
    SystemMessagePromptTemplate: SystemMessage,
    HumanMessagePromptTemplate: HumanMessage,
    AIMessagePromptTemplate: AIMessage,
}


class RenderedRow(NamedTuple):
    """A planned row with its rendered prompt.

    Attributes:
        row: The planned row.
        messages: The first messages.
        schema: JSON Schema of the reply: the same object for all rows of a task, or for those with the same labels.
    """

    row: dict[str, Any]
    messages: Messages
    schema: dict[str, Any]

    @property
    def request_id(self) -> str:
        """Id of the planned row."""
        return str(self.row["request_id"])

    @property
    def seed(self) -> int:
        """Seed of the planned row."""
        return int(self.row["seed"])


class RowTemplates(NamedTuple):
    """Prompt templates of rows: for closed label sets, for open ones, the part with seed examples, for several labels.

    The last is None only where no task has several labels a text.
    """

    closed: ChatPromptTemplate
    open: ChatPromptTemplate
    seed_examples: PromptTemplate
    several: ChatPromptTemplate | None = None

    def of(self, task: Task) -> ChatPromptTemplate:
        """The template for the rows of a task.

        Raises:
            PromptError: If it has several labels a text, and there is no template for these.
        """
        if task.task_type == "single_label":
            return self.closed if task.labels else self.open
        if self.several is None:
            raise PromptError("There is no prompt for several labels a text. Next: add several_labels_prompt")
        return self.several

    @property
    def for_rows(self) -> list[ChatPromptTemplate]:
        """The templates of which a row has one."""
        return [template for template in (self.closed, self.open, self.several) if template is not None]

    def check(self, has_own_attributes: bool, has_seed_examples: bool, lengths: Collection[str] = ()) -> None:
        """Checks that the templates use every recorded attribute of a row.

        Args:
            has_own_attributes: Whether rows have user-defined attributes.
            has_seed_examples: Whether prompts show seed examples.
            lengths: Values of `num_words` that rows may have.

        Raises:
            PromptError: If a template lacks a placeholder or has an unknown one.
        """
        lines = [*([OWN] if has_own_attributes else []), *([SEEDS] if has_seed_examples else [])]
        templates = [("closed_labels", self.closed, _LABELS), ("open_labels", self.open, ())]
        templates += [("several_labels", self.several, _SEVERAL)] if self.several is not None else []
        for name, template, labels in templates:
            recorded = [each for each in ATTRIBUTES if each != NUM_WORDS or not has_bounds(template)]
            required = ["task", *labels, *recorded, *lines]
            check_placeholders(name, template, required, allowed=[OWN, SEEDS, NUM_WORDS, *BOUNDS])
            for num_words in lengths if has_bounds(template) else ():
                check_length(name, template, required, num_words)
        check_placeholders("seed_examples", self.seed_examples, required=[SEEDS], allowed=[])


class PromptParts(NamedTuple):
    """Ingredients of prompts apart from the rows; they can be pickled.

    Attributes:
        tasks: Tasks of the plan.
        templates: Prompt templates.
        num_seed_examples: Seed examples per prompt.
    """

    tasks: TaskTable
    templates: RowTemplates
    num_seed_examples: int


SeedTexts = Callable[[Mapping[str, Any]], tuple[str, ...]]
"""Seed examples in the prompt of a planned row."""


class RowPrompts:
    """Renderer of planned rows.

    Args:
        requests: The whole plan, since a row's seed examples depend on the rows before it; or a part of it, with the
            seed examples of its rows.
        tasks: Tasks of the plan.
        templates: Prompt templates.
        num_seed_examples: Seed examples per prompt.
        seed_texts: Seed examples in the prompt of a row, for a part of the plan; None for the whole plan.

    Attributes:
        parts: Tasks, templates and number of seed examples.

    Raises:
        PromptError: If a template lacks a placeholder or has an unknown one.
    """

    def __init__(
        self,
        requests: RowTable | pd.DataFrame,
        tasks: Sequence[Task],
        templates: RowTemplates,
        num_seed_examples: int,
        seed_texts: SeedTexts | None = None,
    ) -> None:
        tasks = as_task_table(tasks)
        self.parts = PromptParts(tasks, templates, num_seed_examples)
        self._own = own_of(requests)
        self._seeds = templates.seed_examples
        seeded = tasks.with_seed_examples if num_seed_examples else ()
        self._seed_texts = ShownTexts(requests, seeded, num_seed_examples).texts if seed_texts is None else seed_texts
        templates.check(bool(self._own), bool(seeded))
        for task in tasks.with_several_labels[:1]:
            templates.of(task)
        kinds = {id(template): _Template(template) for template in templates.for_rows}
        self._of_task = tasks.each(lambda task: _TaskPrompt(task, kinds[id(templates.of(task))]))

    def rendered(self, requests: pd.DataFrame, planned_labels: bool = False) -> Iterator[RenderedRow]:
        """Renders these rows of the plan, lazily.

        Args:
            requests: Rows of the plan.
            planned_labels: Whether a schema allows the row's planned labels only, in place of the task's label set.
        """
        for row in records_of(requests):
            prompt = self._of_task[row["task_id"]]
            schema = prompt.planned_schema(row) if planned_labels and prompt.task.labels else prompt.schema
            yield RenderedRow(row, self._messages(row, prompt), schema)

    def seed_texts(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """Seed examples in the prompt of a planned row."""
        return self._seed_texts(row)

    def _messages(self, row: Mapping[str, Any], prompt: "_TaskPrompt") -> Messages:
        values = {name: row[name] for name in ATTRIBUTES}
        # Quoted as in JSON, since the model must return them unchanged.
        if prompt.has_several:
            planned = {_PLANNED_LABELS: row[LABELS], "misleading_label": row["misleading_label"]}
            values |= {name: _quoted(value) for name, value in planned.items()}
        elif prompt.task.labels:
            values |= {name: _quoted(row[name]) for name in ("label", "misleading_label")}
        lines = {OWN: self._own_lines(row), SEEDS: self._seed_part(row)}
        return prompt.template.render(prompt.constants | values, lines)

    def _own_lines(self, row: Mapping[str, Any]) -> str:
        return "\n".join(f"- {name}: {row[name]}" for name in self._own if row[name] is not None)

    def _seed_part(self, row: Mapping[str, Any]) -> str:
        texts = self.seed_texts(row)
        if not texts:
            return ""
        return self._seeds.format(**{SEEDS: "\n".join(f"- {_quoted(text)}" for text in texts)})


class _TaskPrompt:
    """The template, constant values and schema shared by all rows of a task."""

    def __init__(self, task: Task, template: "_Template") -> None:
        self.task = task
        self.template = template
        self.constants = {"task": task.task}
        if task.labels:
            lines = (f"- {x.name}: {x.description}" if x.description else f"- {x.name}" for x in task.labels)
            self.constants["labels"] = "\n".join(lines)

        self._planned: dict[tuple[Any, str], dict[str, Any]] = {}

    @property
    def has_several(self) -> bool:
        """Whether the task has several labels a text."""
        return self.task.task_type == "multi_label"

    @cached_property
    def schema(self) -> dict[str, Any]:
        names = self.task.label_names
        return several_labels_schema(names, self.task.set_sizes) if self.has_several else row_schema(names)

    def planned_schema(self, row: Mapping[str, Any]) -> dict[str, Any]:
        labels = row[LABELS] if self.has_several else row["label"], row["misleading_label"]
        if labels not in self._planned:
            schema_of = planned_several_labels_schema if self.has_several else planned_row_schema
            self._planned[labels] = schema_of(*labels)
        return self._planned[labels]


class _Template:
    """A template and its variants: for the form of a length, and without lines that are empty for a row."""

    def __init__(self, template: ChatPromptTemplate) -> None:
        self._template, self._has_bounds = template, has_bounds(template)
        self._renderers: dict[tuple[tuple[str, ...], LengthForm], Callable[..., Messages]] = {}

    def render(self, values: dict[str, str], lines: Mapping[str, str]) -> Messages:
        empty = tuple(name for name, line in lines.items() if not line)
        num_words = values[NUM_WORDS]
        form = form_of(num_words)
        if (empty, form) not in self._renderers:
            if self._has_bounds:  # a plan on disk may have lengths that the parameters of today do not name
                required = [name for name in (*values, *lines) if name != NUM_WORDS and name not in empty]
                check_length("of rows", self._template, required, num_words)
            template = for_lengths(self._template, form)
            for name in empty:
                template = without_line(template, name)
            self._renderers[empty, form] = renderer_of(template)
        bounds = bounds_in(num_words) if self._has_bounds else {}
        return self._renderers[empty, form](**values, **lines, **bounds)


def renderer_of(template: ChatPromptTemplate) -> Callable[..., Messages]:
    """Renderer of a checked template: `str.format` where messages are plain texts, else LangChain's formatter.

    Placeholders are plain names (`check_placeholders`), so both give the same text; LangChain's formatter is written in
    Python and takes 25 µs a row, `str.format` 2 µs (ADR 0003).
    """
    parts: list[tuple[type[BaseMessage], Callable[..., str]]] = []
    for message in template.messages:
        plain, prompt = _PLAIN_MESSAGES.get(type(message)), getattr(message, "prompt", None)
        if plain is None or type(prompt) is not PromptTemplate or prompt.template_format != "f-string":
            return template.format_messages
        if prompt.partial_variables or template.partial_variables or getattr(message, "additional_kwargs", None):
            return template.format_messages
        parts.append((plain, prompt.template.format))
    return lambda **values: [plain(content=text(**values)) for plain, text in parts]


def _quoted(text: str | Sequence[str]) -> str:
    return json.dumps(text, ensure_ascii=False)


def spread(requests: RowTable) -> list[int]:
    """Positions of the rows in the preview: the first with each kind of label set, then rows spread over the plan."""
    firsts: dict[bool, int] = {}
    start = 0
    for frame in requests.frames(["label"]):
        kinds, places = np.unique(frame["label"].isna(), return_index=True)
        for kind, place in zip(kinds.tolist(), places.tolist(), strict=True):
            firsts.setdefault(kind, start + place)
        if len(firsts) > 1:
            break
        start += len(frame)
    others = [number * (len(requests) - 1) // (ROWS - 1) for number in range(ROWS)] if len(requests) else []
    return sorted(list(dict.fromkeys([*(firsts[kind] for kind in sorted(firsts)), *reversed(others)]))[:ROWS])


def preview_of(asked: Iterable[RenderedRow], planned: int, advice: Iterable[str] = ()) -> str:
    """Planned attributes and messages of the rows, as Markdown, after lines of advice."""
    rows = [_row(each) for each in asked]
    title = f"# {len(rows)} of {planned} planned rows, as the model will be asked"
    return "\n\n".join([title, *advice, *rows]) + "\n"


def advice_on(tasks: Iterable[Task], sampling: AttributeSamplingParameters) -> Iterator[str]:
    """Recommendation of similar misleading labels for tasks with many labels, from which they are drawn evenly."""
    if sampling.misleading_label != "even":
        return
    largest, others = None, -1
    for task in as_task_table(tasks).with_labels(more_than=MOST_EVEN_LABELS):
        if not task.confusable:
            others += 1
            largest = task if largest is None or len(task.labels) > len(largest.labels) else largest
    if largest is None:
        return
    yield f"Recommended: attribute_sampling.misleading_label=similar, from {MOST_EVEN_LABELS + 1} labels on."
    yield f"Most labels: {shown(largest.task)}, {len(largest.labels)}."
    if others:
        yield f"{others} more {'tasks have' if others > 1 else 'task has'} over {MOST_EVEN_LABELS} labels."
    yield "Drawn evenly, as now, most misleading labels have nothing to do with the label of their row."


def _row(asked: RenderedRow) -> str:
    row = asked.row
    drawn = {name: value for name, value in row.items() if name not in _NOT_DRAWN and value is not None}
    if row["label"] is not None:
        drawn.pop(LABELS, None)  # it has the same label
    elif LABELS in drawn:
        drawn[LABELS] = ", ".join(shown_labels(drawn[LABELS]))
    attributes = [f"- {name}: {value}" for name, value in drawn.items()]
    head = [f"## Row {row['replicate']} of the task: {row['task']}", "", *attributes]
    return "\n".join([*head, messages_shown(asked.messages)])


def messages_shown(messages: Messages) -> str:
    """The messages as Markdown."""
    return "\n".join(_message(**message) for message in wire_form(messages))


def _message(role: object, content: object) -> str:
    return f"\n### {role}\n\n{content}"
