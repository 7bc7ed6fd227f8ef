"""Replies of the offline model: rows, verdicts, tasks or label sets, from prompt, response schema and seed."""

import functools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from synthetic_textcat.hashing import draw_int, pick, shuffled
from synthetic_textcat.llm.offline import defects, judge, prompt_reader
from synthetic_textcat.llm.offline.defects import OfflineReply, spoilt_text
from synthetic_textcat.llm.offline.grammar import PLACEHOLDER, Grammar, known_tasks, load_grammar, load_yaml
from synthetic_textcat.llm.offline.marks import INVENTED, label_order, mark_of, mark_of_set
from synthetic_textcat.llm.offline.other_languages import authored_languages, write_in
from synthetic_textcat.llm.offline.prompt_reader import find_task
from synthetic_textcat.llm.offline.set_voices import voices_of
from synthetic_textcat.llm.offline.set_writer import write_text_of_set
from synthetic_textcat.llm.offline.writer import LENGTHS, SHORT, Plan, is_short, write_text
from synthetic_textcat.schemas.attributes import VALUES
from synthetic_textcat.schemas.languages import Language, rules_code
from synthetic_textcat.schemas.outcomes import WRONG_LABEL, WRONG_VERDICT

_ANY = "*"
_MARKS = "0123456789abcdefghijklmnopqrstuvwxyz"
_MARK_LENGTH = 3
_MOST_TWICE = 8  # words of a short text of a label set that is written twice
_ENGLISH = "en"
_LISTS = ("tasks", "labels")
_ASKS_FOR = {name: re.compile(rf"\b{name}\b", re.IGNORECASE) for name in _LISTS}

_Rates = Mapping[str, float | dict[str, float]]

USUAL_TASKS = 20
"""Number of tasks if the prompt gives none."""

_HOW_MANY = re.compile(r"\b(\d{1,3})\b[^.\n]{0,60}\btasks\b", re.IGNORECASE)
_UNKNOWN_TASK = {"first kind": "It is of the first kind", "second kind": "It is of the second", "neither": "The rest"}


@dataclass(frozen=True, slots=True)
class RowRequest:
    """A request for a row, as read from the prompt.

    Attributes:
        task: The task's sentence; None if no grammar has it.
        grammar: Grammar of its texts; that of placeholders if the task or the label has none.
        labels: The closed label set, or what the prompt names of it; empty if the model may invent labels.
        options: All labels that a text of the task could have.
        order: The task's labels in the order that numbers them, see `label_order`.
        plan: Attributes of the text.
        language: Language of the text.
        rules: The prompt without task and labels.
    """

    task: str | None
    grammar: Grammar
    labels: tuple[str, ...]
    options: tuple[str, ...]
    order: tuple[str, ...]
    plan: Plan
    language: Language
    rules: str


def reply(prompt: str, schema: Mapping[str, Any] | None, seed: int | None, rates: _Rates) -> OfflineReply:
    """The reply to one call: a function of the arguments alone.

    Args:
        prompt: The system and user messages before the model's first reply.
        schema: JSON Schema of the reply; None in the modes `json_object` and `none`.
        seed: Seed of the row; None = a hash of the prompt.
        rates: Rates of the injected defects.

    Raises:
        TransportError: If the row's defect is a call without a reply.
    """
    seed = draw_int(53, "prompt", prompt) if seed is None else seed
    if judge.asks_for_verdict(prompt, schema):
        return _verdict(prompt, schema, seed, rates)
    if (wanted := _wanted_list(prompt, schema)) is not None:
        items = brainstormed(prompt, seed) if wanted == "tasks" else label_set(prompt)
        return OfflineReply(json.dumps({wanted: items}, ensure_ascii=False))
    asked = read(prompt, schema, seed)
    defect = defects.defect_of(seed, {name: _rate(of_rows, asked) for name, of_rows in rates.items()})
    if defect is not None and not defects.applies(defect, bool(asked.labels), asked.plan.label_set):
        defect = None
    defects.raise_if_transport(defect)
    plan = _mislabelled(asked, seed) if defect == WRONG_LABEL else asked.plan
    text = _duplicate(asked, defect, seed) or _spoilt(asked, defect, seed, prompt) or _text(asked, plan, seed)
    several = asked.plan.label_set
    labels = {"label": asked.plan.label} if several is None else {"labels": list(several)}
    row = {"input_text": text, **labels, "misleading_label": str(asked.plan.misleading_label)}
    return defects.to_completion(defects.inject_defect(row, defect, asked.labels, asked.language, seed), defect, seed)


def read(prompt: str, schema: Mapping[str, Any] | None, seed: int) -> RowRequest:
    """The request in a prompt; values that it does not name are drawn by the seed."""
    known = known_tasks()
    task = prompt_reader.find_task(prompt, known)
    grammar = load_grammar(known[task] if task else PLACEHOLDER)
    text = prompt_reader.without_task(prompt, task)
    labels = _closed_set(text, schema, grammar if task else None)
    own = tuple(grammar.labels) if task else INVENTED
    options = labels or own
    several = _planned_set(text, labels, seed) if _wants_label_set(prompt, schema) else None
    label, misleading = prompt_reader.find_labels(text, labels) if labels and several is None else (None, None)
    label = label or pick([name for name in options if name != misleading] or options, "label", seed)
    if several is not None:
        label, misleading = "", prompt_reader.find_quoted(text, [name for name in options if name not in several])
    others = [name for name in options if name not in (label, *(several or ()))]
    misleading = misleading or pick(others or options, "misleading", seed)
    if labels and not _enumerates(schema):
        options = prompt_reader.list_with(text, (*((label,) if several is None else several), misleading))
    order = label_order(grammar if task else None, options if labels else ())
    if label not in grammar.labels and several is None:
        grammar = load_grammar(PLACEHOLDER)
    rules = prompt_reader.without_label_list(text, labels)
    found = {name: prompt_reader.find_value(rules, values) for name, values in VALUES.items()}
    found["num_words"] = prompt_reader.find_length(rules, VALUES["num_words"])
    drawn = {name: found[name] or pick(values, name, seed) for name, values in VALUES.items()}
    language = prompt_reader.find_requested_language(rules)
    plan = Plan(label, misleading, **drawn, label_set=several)
    return RowRequest(task, grammar, labels, options, order, plan, language, rules)


def _wants_label_set(prompt: str, schema: Mapping[str, Any] | None) -> bool:
    if schema is not None:
        return bool({"labels", "input_text"} <= schema.get("properties", {}).keys())
    return prompt_reader.asks_for_label_set(prompt)


def _planned_set(text: str, labels: Sequence[str], seed: int) -> tuple[str, ...]:
    """The label set in a prompt; one label by lot, if the prompt names none."""
    found = prompt_reader.find_label_set(text, labels)
    return (pick(labels, "label set", seed),) if found is None else found


def _rate(of_rows: float | Mapping[str, float], asked: RowRequest) -> float:
    """The defect rate of this row: by its label, else by a word of the prompt, such as its language."""
    if not isinstance(of_rows, Mapping):
        return of_rows
    others = tuple(word for word in of_rows if word not in asked.labels)
    own = (asked.plan.label,) if asked.plan.label_set is None else asked.plan.label_set
    word = next((label for label in own if label in of_rows), None) or prompt_reader.find_value(asked.rules, others)
    return of_rows.get(word or "", 0.0)


def _wanted_list(prompt: str, schema: Mapping[str, Any] | None) -> str | None:
    """The kind of list requested, tasks or labels; None for a row."""
    if schema is not None:
        fields = schema.get("properties", {})
        return next((name for name in _LISTS if name in fields and "input_text" not in fields), None)
    if "input_text" in prompt:
        return None
    return next((name for name in _LISTS if _ASKS_FOR[name].search(prompt)), None)


def _closed_set(text: str, schema: Mapping[str, Any] | None, grammar: Grammar | None) -> tuple[str, ...]:
    if schema is not None:
        fields = schema.get("properties", {})
        planned = [fields.get(name, {}).get("const") for name in ("label", "misleading_label")]
        of_set = fields.get("labels", {}).get("items", {}).get("enum", ())
        if of_set or not any(planned):
            return (*of_set, *filter(None, planned)) or tuple(fields.get("label", {}).get("enum", ()))
        return tuple(filter(None, planned))
    if grammar is not None:
        return prompt_reader.named_labels(text, grammar.labels)
    return prompt_reader.listed_labels(text) or prompt_reader.list_with_set(text)


def _enumerates(schema: Mapping[str, Any] | None) -> bool:
    """Whether the schema has the whole label set, and not just the row's two labels."""
    fields = {} if schema is None else schema.get("properties", {})
    return "enum" in fields.get("label", {}) or ("labels" in fields and "enum" in fields.get("misleading_label", {}))


def _mislabelled(asked: RowRequest, seed: int) -> Plan:
    """The plan of a text for another label, with no sentence of a third one."""
    if (own := asked.plan.label_set) is not None:
        return replace(asked.plan, label_set=_other_set(own, asked.options, seed), misleading_label=None)
    others = [label for label in asked.options if label != asked.plan.label]
    return replace(asked.plan, label=pick(others, "wrong label", seed), misleading_label=None)


def _other_set(labels: Sequence[str], options: Sequence[str], seed: int) -> tuple[str, ...]:
    """Another label set of the same size; of one label if there was none."""
    others = [label for label in options if label not in labels]
    changed = {*labels[1:], pick(others, "wrong label", seed)}
    return tuple(label for label in options if label in changed)


def _text_of_set(asked: RowRequest, plan: Plan, seed: int) -> str:
    code, labels, several = rules_code(asked.language), (*asked.labels, *asked.options), plan.label_set or ()
    is_own = asked.task is not None and set(asked.order) <= set(asked.grammar.labels)
    has_grammar = is_own and code in (_ENGLISH, *authored_languages())
    mark = "" if has_grammar else mark_of_set(several, asked.order, labels, code)
    voices = voices_of(asked.task if is_own else None, asked.order, asked.language, mark)
    return write_text_of_set(voices, plan, seed, tuple(dict.fromkeys(labels)))


def _text(asked: RowRequest, plan: Plan, seed: int) -> str:
    if plan.label_set is not None:
        return _text_of_set(asked, plan, seed)
    code, names = rules_code(asked.language), tuple(dict.fromkeys((*asked.labels, asked.plan.label, plan.label)))
    mark = mark_of(plan.label, asked.order, names, code)
    if code != _ENGLISH:
        known = asked.task is not None and asked.order == tuple(asked.grammar.labels)
        order = asked.order if known else asked.options
        mark = "" if known and code in authored_languages() else mark
        task = asked.task or " | ".join(asked.labels and asked.options)
        return write_in(asked.language, plan, seed, order, names, mark, task)
    if asked.task is not None and plan.label in asked.grammar.labels:
        # No text of a grammar can contain one of its own labels (a test reads every word), so only others are checked.
        avoided = tuple(name for name in names if name not in asked.grammar.labels)
        return write_text(asked.grammar, plan, seed, avoided)
    grammar = replace(load_grammar(PLACEHOLDER), mark=mark)
    return write_text(grammar, Plan(_ANY, None, plan.difficulty, plan.clarity, plan.num_words), seed, names)


def _verdict(prompt: str, schema: Mapping[str, Any] | None, seed: int, rates: _Rates) -> OfflineReply:
    """The reply of the judge. Its defects are drawn by the whole question, so that votes with other orders differ."""
    asked, key = judge.read_question(prompt, schema), draw_int(53, "verdict", seed, prompt)
    labels = judge.fitting_set(asked) if asked.several else judge.fitting_labels(asked)
    label = labels[0] if labels else ""
    of_label = {name: rate.get(label, 0.0) if isinstance(rate, Mapping) else rate for name, rate in rates.items()}
    defect = defects.defect_of(key, of_label)
    defects.raise_if_transport(defect)
    fields = judge.verdict(asked, labels, defect == WRONG_VERDICT, key)
    return defects.to_completion(fields, defect, key)


def _spoilt(asked: RowRequest, defect: str | None, seed: int, prompt: str) -> str | None:
    """The text of a row with a defect of texts; a prompt is echoed by its task, or by its longest line."""
    echo = asked.task or max(map(str.strip, prompt.splitlines()), key=len)
    return spoilt_text(
        defect,
        asked.plan.num_words,
        seed,
        echo,
        lambda length: _text(asked, replace(asked.plan, num_words=length), seed),
    )


def _duplicate(asked: RowRequest, defect: str | None, seed: int) -> str | None:
    """The text of a row with a duplicate defect: it repeats other rows with that defect, and the first one stays.

    Rows of one task and label share it, short ones and longer ones apart, so that no text is far from its length.
    """
    if defect == "exact_duplicate":
        return _fixed_text(asked, "duplicate")
    if defect == "near_duplicate":
        text = _fixed_text(asked, "near duplicate")
        space = " " if " " in text else ""
        is_longer = asked.plan.label_set is not None and len(text.split()) > _MOST_TWICE
        if is_short(asked.plan.num_words) and not is_longer:  # two of them, so that a mark at the end is a small part
            text = space.join((text, _fixed_text(asked, "near duplicate, continued")))
        return space.join((text, _mark(seed)))
    return None


def _mark(seed: int) -> str:
    """A short mark, unique among some rows."""
    return "".join(_MARKS[seed // len(_MARKS) ** place % len(_MARKS)] for place in range(_MARK_LENGTH))


def _fixed_text(asked: RowRequest, kind: str) -> str:
    """Fixed text of a task and label; tasks without a grammar share it if their label sets are equal."""
    plan = asked.plan
    length = SHORT if is_short(plan.num_words) else tuple(LENGTHS)[3]
    if plan.num_words not in LENGTHS:  # an own range has texts of its own
        length = plan.num_words
    of_label = plan.label if plan.label_set is None else " | ".join(plan.label_set)
    seed = draw_int(53, kind, asked.task or " | ".join(asked.labels), of_label)
    return _text(asked, Plan(plan.label, None, "college", "clear", length, plan.label_set), seed)


@functools.cache
def stock() -> Mapping[str, Mapping[str, str]]:
    """All tasks for brainstorming, each with its labels and their descriptions."""
    families = load_yaml("_brainstorm")
    return {family["sentence"].replace("<x>", x): family["labels"] for family in families for x in family["x"]}


def brainstormed(prompt: str, seed: int) -> list[str]:
    """Distinct tasks, as many as the prompt asks for and none that it shows: a function of prompt and seed."""
    asked = _HOW_MANY.search(prompt)
    fresh = [task for task in stock() if task not in prompt]
    return shuffled(fresh, "brainstorm", seed)[: int(asked[1]) if asked else USUAL_TASKS]


def label_set(prompt: str) -> list[dict[str, str]]:
    """The labels of the task that the prompt names; generic labels for an unknown task."""
    task = find_task(prompt, stock())
    labels = stock()[task] if task else _UNKNOWN_TASK
    return [{"name": name, "description": description} for name, description in labels.items()]
