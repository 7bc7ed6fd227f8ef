"""The grammars by themselves: every word they can reach is looked at, not a sample."""

import re
from collections.abc import Iterator, Sequence

from synthetic_textcat.llm.offline.grammar import (
    DIFFICULTIES,
    Grammar,
    Slots,
    Template,
    compile_template,
    known_tasks,
    load_grammar,
)
from synthetic_textcat.llm.offline.replies import USUAL_TASKS, brainstormed, label_set, stock
from synthetic_textcat.llm.offline.writer import LENGTHS, SHORT
from synthetic_textcat.pipelines.task_ingest.brainstorm.distinct_tasks import DistinctTasks
from synthetic_textcat.schemas.attributes import VALUES
from synthetic_textcat.schemas.completions import LabelSetReply
from tests.llm.offline.rehearsal import closed_tasks, tasks
from tests.support.each_case import each_of

ENDINGS = (
    *("ication", "ability", "ality", "ating", "ation", "ition", "ment", "ence", "ency", "ics", "ing", "ity", "ful"),
    *("ous", "ion", "ies", "ed", "es", "er", "al", "ic", "ive", "e", "y", "s"),
)
STOP_WORDS = {"of", "the", "and", "for", "in", "a"}
WORD = re.compile(r"[^\W\d_]+")


def stems(label: str) -> Iterator[str]:
    """Each content word of a label, less its ending where four letters stay."""
    for word in WORD.findall(label.casefold()):
        if word not in STOP_WORDS:
            yield next(
                (word.removesuffix(end) for end in ENDINGS if word.endswith(end) and len(word) - len(end) > 3), word
            )


def reachable(templates: Sequence[Template], slots: Slots, seen: set[str]) -> Iterator[str]:
    for template in templates:
        for literal, slot in template:
            yield from WORD.findall(literal.casefold())
            if slot and slot not in seen:
                seen.add(slot)
                yield from reachable(slots[slot], slots, seen)


def all_words(grammar: Grammar, label: str, level: str) -> set[str]:
    voice, policy = grammar.labels[label], grammar.register
    fixed = [*policy.hedges, *policy.short_hedges, *policy.asides, *policy.lead_ins[level], *policy.connectives[level]]
    templates = (*voice.short, *voice.sentences, *grammar.fillers, *grammar.openers)
    return {*WORD.findall(" ".join(fixed).casefold()), *reachable(templates, voice.slots[level], set())}


def word_bounds(template: Template, slots: Slots) -> tuple[int, int]:
    """How few and how many words a template can become; slots stand between spaces or touch punctuation only."""
    literals = " ".join(literal for literal, _ in template)
    fewest = most = len([word for word in literals.split() if WORD.search(word) and word != "'s"])
    for _, slot in template:
        if slot:
            bounds = [word_bounds(filling, slots) for filling in slots[slot]]
            fewest, most = fewest + min(low for low, _ in bounds), most + max(high for _, high in bounds)
    return fewest, most


def test_each_task_of_the_file_has_a_grammar_with_its_labels() -> None:
    for task in tasks():
        grammar = load_grammar(known_tasks()[task.task])
        assert grammar.task == task.task
        if task.labels:
            assert tuple(grammar.labels) == task.label_names


def test_the_file_holds_enough_tasks() -> None:
    assert len(closed_tasks()) >= 13
    assert len(tasks()) - len(closed_tasks()) >= 3
    assert all(label.description for task in tasks() for label in task.labels)
    assert all(len(load_grammar(known_tasks()[task.task]).labels) >= 5 for task in tasks() if not task.labels)


@each_of("name", known_tasks().values())
def test_no_text_can_hold_a_label_of_its_task_or_a_stem_of_one(name: str) -> None:
    grammar = load_grammar(name)
    forbidden = {stem for label in grammar.labels for stem in stems(label)}
    for label in grammar.labels:
        for level in DIFFICULTIES:
            words = all_words(grammar, label, level)
            told = {
                word
                for word in words
                for stem in forbidden
                if (word.startswith(stem) if len(stem) > 3 else word in (stem, f"{stem}s"))
            }
            assert not told, f"{name}, {label}: {sorted(told)}"


@each_of("name", [*known_tasks().values(), "_placeholder"])
def test_each_label_has_short_templates_that_always_fit(name: str) -> None:
    for label, voice in load_grammar(name).labels.items():
        bounds = [word_bounds(template, voice.slots["PhD"]) for template in voice.short]
        low, high = LENGTHS[SHORT]
        assert any(most <= high and fewest >= low for fewest, most in bounds), f"{label}: {bounds}"


def test_lengths_are_those_that_a_plan_can_ask_for() -> None:
    assert tuple(LENGTHS) == VALUES["num_words"]


def test_a_template_is_split_at_its_slots() -> None:
    assert compile_template("<a> and <b>.") == (("", "a"), (" and ", "b"), (".", ""))


def test_brainstorming_draws_different_tasks_from_a_large_stock() -> None:
    assert len(stock()) >= 400
    first, second = brainstormed("Think.", 1), brainstormed("Think.", 2)
    assert len(set(first)) == USUAL_TASKS
    assert first == brainstormed("Think.", 1) != second


def test_as_many_tasks_as_asked_for_and_none_that_is_shown() -> None:
    shown = list(stock())[:300]
    tasks = brainstormed("Think of 60 tasks beside:\n" + "\n".join(shown), 1)
    assert len(set(tasks)) == 60
    assert not set(tasks) & set(shown)


def test_no_two_tasks_of_the_stock_are_near_duplicates() -> None:
    distinct = DistinctTasks()
    assert [task for task in stock() if not distinct.add(task)] == []


@each_of("task", [*list(stock())[::13], "Sort something unheard of."])
def test_each_task_of_the_stock_has_a_label_set(task: str) -> None:
    labels = LabelSetReply.model_validate({"labels": label_set(f"A classifier is to do this: {task}")}).labels
    assert 2 <= len(labels) <= 12
