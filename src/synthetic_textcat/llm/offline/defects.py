"""Defects injected into the offline model's replies, to rehearse a whole run. Pure but for a file of texts.

A defect bears the name of the reject reason or failure cause in which its row must end; the recoverable ones must end
as accepted rows, as does one with the text of another label, which only a judge can find. Verdicts get the recoverable
defects, those that are failure causes, and their own. A brainstorming reply is always whole.

The order of the checks distinguishes defects of texts: a text with one defect passes the checks before its own.
"""

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synthetic_textcat.errors import TransportError
from synthetic_textcat.hashing import draw, pick
from synthetic_textcat.llm.offline.grammar import SeededDraws, Slots, Template, compile_template, expand, load_yaml
from synthetic_textcat.llm.offline.orthography import ASKS_OR_EXCLAIMS, leaks
from synthetic_textcat.llm.offline.writer import SHORT
from synthetic_textcat.schemas.languages import Language, find_language, rules_code
from synthetic_textcat.schemas.lengths import CHARACTERS, WORDS, Length, length_of
from synthetic_textcat.schemas.outcomes import ALL_DEFECTS, RECOVERABLE_DEFECTS, SEVERAL_LABELS_DEFECTS, TOO_LONG
from synthetic_textcat.text.unicode import is_unspaced

_NEEDS_CLOSED_SET = ("label_not_in_set", "misleading_label_not_in_set", "label_not_as_planned")
_NEEDS_ONE = ("label_not_as_planned",)
_NEEDS_A_LABEL = ("same_labels",)  # a misleading label that is one of them
_NEEDS_OPEN_SET = ("label_not_a_label",)
_NO_LABELS = ("high school", "the right label", "A text that this task could be given.", "?")
_TRANSPORT = {
    "rate_limited": "429 too many requests (injected)",
    "timeout": "the call timed out (injected)",
    "server_error": "500 internal server error (injected)",
    "connection_error": "the connection was reset (injected)",
    TOO_LONG: "request (9000 tokens) exceeds the available context size (4096 tokens) (injected)",
}
_PROSE = (
    "I thought about this for a while and I would rather talk about the weather, which is mild today",
    "Certainly, I have written a fine text about it and I hope that you will like it very much",
    "As an assistant I can say a lot about this task but the answer itself has slipped my mind",
)

Row = Mapping[str, Any]
_FEWEST = 40  # letters: enough for any check of languages to take a stand, in a text of less than ten words too
_NUMBERS = tuple(compile_template(str(number)) for number in range(11, 98))

_ARTEFACTS = ("<|im_end|>", "\\u00e9", "\ufffd", "&amp;", "[/INST]", "\x07", "\u00e2\u20ac\u2122")
_GAPS = ("[Your Name]", "[Company Name]", "<name>", "{label}", "[insert date here]", "____")
_OPENINGS = ("Sure, here is an example of such a text: ", "Here's a sample text: ", "As an AI language model, I say: ")
_TIMES = 4
_LOOP_WORDS, _LOOP_LETTERS = 12, 24
_FEWEST_WORDS = 6
_FEW_WORDS, _FEW_LETTERS = 3, 4
_LONG = "at least 50"
_BRIEF = "at least 10"
_CLEARLY_LONGER = {WORDS: 20, CHARACTERS: 200}
_ENDS = f"{ASKS_OR_EXCLAIMS}.\u3002\u0964\u06d4\u061f\u104b\u17d4\u1362\u0589"

Spoiler = Callable[[str, int], str]


@dataclass(frozen=True, slots=True)
class OfflineReply:
    """Reply of a server: the text, why it ended, and a refusal if there is one."""

    content: str
    finish_reason: str = "stop"
    refusal: str | None = None


def defect_of(seed: int, rates: Mapping[str, float]) -> str | None:
    """The defect of the row with this seed: the same at each attempt, and none beyond the sum of the rates.

    Args:
        seed: The row's own.
        rates: Name -> share of rows; laid end to end in the order of `ALL_DEFECTS`, so that their own does not matter.
    """
    position, edge = draw("defect", seed), 0.0
    for name in ALL_DEFECTS:
        edge += rates.get(name, 0.0)
        if position < edge:
            return name
    return None


def applies(defect: str, closed: bool, several: Sequence[str] | None = None) -> bool:
    """Whether a defect can be injected: some need a closed label set, or an open one, and leave other replies whole.

    Args:
        defect: Its name.
        closed: Whether the task has a label set.
        several: The row's labels, of a task with several labels a text.
    """
    if several is None:
        return defect not in (_NEEDS_OPEN_SET if closed else _NEEDS_CLOSED_SET) and defect not in SEVERAL_LABELS_DEFECTS
    return defect not in (*_NEEDS_OPEN_SET, *_NEEDS_ONE) and (bool(several) or defect not in _NEEDS_A_LABEL)


def raise_if_transport(defect: str | None) -> None:
    """Raises the error of a call without a reply, for such a defect.

    Raises:
        TransportError: If the defect is a cause of calls without a reply.
    """
    if defect in _TRANSPORT:
        raise TransportError(defect, _TRANSPORT[defect], retryable=defect != TOO_LONG)


def inject_defect(row: Row, defect: str | None, labels: Sequence[str], language: Language, seed: int) -> Row:
    """The row with a fault for which a check must reject it; any other defect leaves it as it is.

    `exact_duplicate`, `near_duplicate` and `TEXT_DEFECTS` are not here: their texts are written so, see `replies`.

    Args:
        row: The whole row.
        defect: Name of the defect, or None.
        labels: The closed label set, or none.
        language: Language in which the text was asked for.
        seed: Seed of the row.
    """
    texts = tuple(name for name in row if name != "labels")
    faults: dict[str, Callable[[], Row]] = {
        "empty_field": lambda: {**row, pick(texts, "empty", seed): pick(("", "  "), "blank", seed)},
        "label_not_a_label": lambda: {
            **row,
            pick(("label", "misleading_label"), "no label", seed): pick(_NO_LABELS, "written", seed),
        },
        "label_not_in_set": lambda: _with_label(row, _outside(labels)),
        "misleading_label_not_in_set": lambda: {**row, "misleading_label": _outside(labels)},
        "same_labels": lambda: {**row, "misleading_label": _last_label(row)},
        "label_not_as_planned": lambda: {
            **row,
            "label": _unplanned(row, labels, seed),
            "misleading_label": row["label"],
        },
        "labels_not_as_planned": lambda: {**row, "labels": _other_labels(row, labels, seed)},
        "label_leaked": lambda: {**row, "input_text": f"{row['input_text']} In short: {_last_label(row)}."},
        "wrong_language": lambda: {**row, "input_text": _in_another_language(row, labels, language, seed)},
    }
    return faults[defect]() if defect in faults else row


def to_completion(row: Row, defect: str | None, seed: int) -> OfflineReply:
    """The reply that carries the row, broken as the defect says."""
    text = json.dumps(row, ensure_ascii=False)
    if defect in RECOVERABLE_DEFECTS:
        return OfflineReply(_wrapped(defect, row, text))
    replies: dict[str, Callable[[], OfflineReply]] = {
        "invalid_json": lambda: OfflineReply(pick(_PROSE, "prose", seed)),
        "schema_violation": lambda: OfflineReply(json.dumps(_violation(row, seed), ensure_ascii=False)),
        "truncated": lambda: OfflineReply(_cut(row, text), finish_reason="length"),
        "refused": lambda: OfflineReply("", refusal="I'm sorry, but I can't help with that request. (injected)"),
        "content_filtered": lambda: OfflineReply("", finish_reason="content_filter"),
    }
    return replies[defect]() if defect in replies else OfflineReply(text)


def _in_another_language(row: Row, labels: Sequence[str], language: Language, seed: int) -> str:
    own = row.get("labels") or [row.get("label", "")]
    return foreign_text(len(row["input_text"]), (*labels, *filter(None, own), row["misleading_label"]), seed, language)


def _with_label(row: Row, label: str) -> Row:
    """The row with this label: in place of its own, or besides several."""
    return {**row, "labels": [*row["labels"], f"{label}, or another"]} if "labels" in row else {**row, "label": label}


def _last_label(row: Row) -> str:
    """The row's label, or the last of several; the misleading label where no label fits."""
    return str(row["label"] if "label" in row else [row["misleading_label"], *row["labels"]][-1])


def _other_labels(row: Row, labels: Sequence[str], seed: int) -> list[str]:
    """The row's labels without one of them, or with one more."""
    own = row["labels"]
    if own and pick((True, False), "label left out", seed):
        left_out = pick(own, "left out", seed)
        return [label for label in own if label != left_out]
    others = [label for label in labels if label not in (*own, row["misleading_label"])]
    return [*own, pick(others, "added", seed)] if others else own[1:]


def _outside(labels: Sequence[str]) -> str:
    return next(name for name in ("none of these", "none of these at all") if name not in labels)


def _unplanned(row: Row, labels: Sequence[str], seed: int) -> str:
    return pick([label for label in labels if label != row["label"]], "unplanned", seed)


def _violation(row: Row, seed: int) -> dict[str, Any]:
    field = pick(tuple(name for name in row if name != "labels"), "violated", seed)
    if pick((True, False), "missing", seed):
        return {name: value for name, value in row.items() if name != field}
    return {**row, field: pick((7, [row[field]], {"text": row[field]}, None), "wrong type", seed)}


def _cut(row: Row, text: str) -> str:
    # Within the first field, so that no repair can bring back the others.
    field, value = next(iter(row.items()))
    return text[: len(f'{{"{field}": "') + len(value) // 2]


def _with_raw_newline(text: str, value: str) -> str:
    # The first spaces within the text's value: JSON allows no raw line break or tab there.
    start = text.index(": ") + 2
    if " " not in value:  # Chinese and Japanese: after the quotation mark
        return f"{text[: start + 1]}\n{text[start + 1 :]}"
    return text[:start] + text[start:].replace(" ", "\n", 1).replace(" ", "\t", 1)


def _wrapped(defect: str, row: Row, text: str) -> str:
    broken = {
        "fenced_json": f"```json\n{text}\n```",
        "prose_around": f"Sure, here is the example:\n\n{text}\n\nI hope that it helps!",
        "trailing_comma": f"{text[:-1]},}}",
        "single_quotes": repr(dict(row)),
        "raw_newlines": _with_raw_newline(text, row["input_text"]) if "input_text" in row else text,
        "wrapped_in_list": f"[{text}]",
    }
    return broken[defect]


@dataclass(frozen=True, slots=True)
class WrittenLanguage:
    """Words of the defects in one language."""

    sentences: tuple[Template, ...]
    slots: Slots


def foreign_text(length: int, labels: Sequence[str], seed: int, language: Language | None = None) -> str:
    """About so many characters in a drawn language, in which none of the labels is a word.

    Args:
        length: Number of characters.
        labels: Labels that the text must not name.
        seed: Seed of the row.
        language: The language that the text must clearly not be in; None for English. For any other one it is a
            language of another script, since related languages look alike.
    """
    draws = SeededDraws("foreign", seed)
    written = written_languages()
    if language is not None and rules_code(language) != "en":
        written = {name: own for name, own in written.items() if find_language(name).script != language.script}
    code = "en" if language is None else rules_code(language)
    texts = [_text(tongue, length, draws) for tongue in draws.shuffled(tuple(written.values()))]
    return next((text for text in texts if not leaks(text, labels, code)), texts[0])


@functools.cache
def written_languages() -> Mapping[str, WrittenLanguage]:
    """All languages, by their English names."""
    return {
        name: WrittenLanguage(
            tuple(map(compile_template, raw["sentences"])),
            {"name": tuple(map(compile_template, raw["name"])), "number": _NUMBERS},
        )
        for name, raw in load_yaml("_foreign").items()
    }


def _text(tongue: WrittenLanguage, length: int, draws: SeededDraws) -> str:
    sentences: list[str] = []
    for template in draws.shuffled(tongue.sentences):
        if sum(map(str.isalpha, "".join(sentences))) >= _FEWEST and len(" ".join(sentences)) >= length:
            break
        sentences.append(expand(template, tongue.slots, draws))
    return " ".join(sentences)


def spoilt_text(defect: str | None, plan_words: str, seed: int, echo: str, write: Callable[[str], str]) -> str | None:
    """The text of a row with a defect of texts; None for any other defect.

    Args:
        defect: Name of the defect, or None.
        plan_words: Requested number of words, a value of `num_words`.
        seed: Seed of the row.
        echo: Words of the prompt to repeat.
        write: Writes the row's text with a number of words.
    """
    if defect == "prompt_echo":
        return echo
    if defect == "length_off":
        return _of_wrong_length(plan_words, write)
    spoil = TEXT_DEFECTS.get(defect or "")
    return None if spoil is None else spoil(write(plan_words), seed)


def _not_a_text(text: str, seed: int) -> str:
    return f"{text} {pick(_ARTEFACTS, 'artefact', seed)}"


def _placeholder(text: str, seed: int) -> str:
    return f"{text} {pick(_GAPS, 'gap', seed)}"


def _about_the_task(text: str, seed: int) -> str:
    return f"{pick(_OPENINGS, 'opening', seed)}{text}"


def _repetitive(text: str, _: int) -> str:
    if is_unspaced(text):
        return text[:_LOOP_LETTERS] * _TIMES
    return " ".join(text.split()[:_LOOP_WORDS] * _TIMES)


def _cut_off(text: str, _: int) -> str:
    """The first half of the text, up to a comma."""
    comma = "\u3001" if is_unspaced(text) else ","
    words = list(text) if is_unspaced(text) else text.split()
    half = (words * 2)[: max(_FEWEST_WORDS, len(words) // 2)]
    return ("" if is_unspaced(text) else " ").join(half).rstrip(f"{_ENDS},;: ") + comma


TEXT_DEFECTS: Mapping[str, Spoiler] = {
    "not_a_text": _not_a_text,
    "placeholder": _placeholder,
    "about_the_task": _about_the_task,
    "repetitive": _repetitive,
    "cut_off": _cut_off,
}
"""Defect -> how it spoils a whole text, by the seed of the row."""


def _of_wrong_length(plan_words: str, write: Callable[[str], str]) -> str:
    """A text more than twice as long or as short as planned."""
    if plan_words == SHORT:
        return write(_LONG)
    length = length_of(plan_words)
    if length is not None and length.upper is not None:
        return write(str(Length(_TIMES * length.upper, None, length.unit)))
    text = write(SHORT)
    if plan_words != _BRIEF and (length is None or length.least >= _CLEARLY_LONGER[length.unit]):
        return text
    if is_unspaced(text):
        return "".join(filter(str.isalpha, text))[:_FEW_LETTERS]
    return " ".join(text.split()[:_FEW_WORDS])
