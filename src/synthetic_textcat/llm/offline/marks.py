"""Marks of placeholder texts, which also number the label that a text was written for. Pure.

A placeholder says nothing of its task, so only its mark shows its label: "[offline]" stands for the first label of
the order, "[offline][2]" for the second. English placeholders say what they are in words, and need no mark for the
first. Of a label set the mark has all numbers: "[offline][1x3]", and "[offline][0]" where no label fits.
"""

import re
from collections.abc import Sequence
from itertools import product

from synthetic_textcat.llm.offline.grammar import Grammar
from synthetic_textcat.llm.offline.orthography import leaks

MARKS = ("[offline]", "[placeholder]", "[template]", "[x]")
"""Marks before a placeholder; the first that names no label is used."""

INVENTED = tuple(f"placeholder {letter}" for letter in "ABCDE")
"""Labels of a task that no grammar has, where the model invents them."""

_MARKED = re.compile(rf"(?:{'|'.join(map(re.escape, MARKS))})(?:\[n?(\d{{1,4}})\])?")
_BETWEEN = "x"  # the numbers of a label set are one word
_MARKED_SET = re.compile(rf"(?:{'|'.join(map(re.escape, MARKS))})\[n?(\d{{1,4}}(?:{_BETWEEN}\d{{1,4}})*)\]")
_ENGLISH = "en"


def label_order(grammar: Grammar | None, options: Sequence[str]) -> tuple[str, ...]:
    """The labels of a task in an order that does not depend on how a prompt lists them.

    Args:
        grammar: Grammar of the task, if there is one.
        options: The closed label set, in any order; empty if the model may invent labels.

    Returns:
        The grammar's own labels where it has all of the options, else the options in alphabetical order.
    """
    own = INVENTED if grammar is None else tuple(grammar.labels)
    return own if set(options) <= set(own) else tuple(sorted(options))


def mark_of(label: str, order: Sequence[str], names: Sequence[str], code: str) -> str:
    """The mark before a placeholder for a label; empty for an English one for the first label.

    Args:
        label: The label that the text is written for.
        order: The task's labels, see `label_order`.
        names: Labels that the mark must not name.
        code: Code of the text's language.
    """
    number = order.index(label) + 1 if label in order else 1
    if number == 1 and code == _ENGLISH:
        return ""
    numbers = ("",) if number == 1 else (f"[{number}]", f"[n{number}]")
    marks = [f"{mark}{numbered}" for mark, numbered in product(MARKS, numbers)]
    return next((mark for mark in marks if not leaks(mark, names, code)), marks[-1])


def mark_of_set(labels: Sequence[str], order: Sequence[str], names: Sequence[str], code: str) -> str:
    """The mark before a placeholder for a label set: the numbers of its labels; 0 if no label fits.

    Args:
        labels: The labels that the text is written for.
        order: The task's labels, see `label_order`.
        names: Labels that the mark must not name.
        code: Code of the text's language.
    """
    numbers = _BETWEEN.join(str(order.index(label) + 1) for label in labels) or "0"
    marks = [f"{mark}[{letter}{numbers}]" for letter in ("", "n") for mark in MARKS]
    return next((mark for mark in marks if not leaks(mark, names, code)), marks[-1])


def marked_places(text: str) -> tuple[int, ...] | None:
    """The places in the order of labels, from 0, of the first mark of a label set in a text; None if it has none."""
    found = _MARKED_SET.search(text)
    return None if found is None else tuple(int(place) - 1 for place in found[1].split(_BETWEEN) if int(place))


def marked_place(text: str) -> int | None:
    """The place in the order of labels, from 0, that the first mark in a text stands for; None if it has none."""
    found = _MARKED.search(text)
    return None if found is None else int(found[1] or 1) - 1
