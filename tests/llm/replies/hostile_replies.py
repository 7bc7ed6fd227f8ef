"""Replies that hurt whoever reads them carelessly, each a function of a number; and what it costs to read many."""

import json
import random
import resource
import time
from collections.abc import Callable
from typing import NamedTuple

from pydantic import BaseModel

from synthetic_textcat.llm.replies.parsing import parse, read
from synthetic_textcat.schemas.completions import LabelSetReply, Problem, Reply, TaskList
from synthetic_textcat.schemas.outcomes import CONTENT_CAUSES
from tests.llm.builders import completion

SLOWEST_S = 0.25
"""Processor time that a reply may take."""

_ROW = {"input_text": "It's 5 o'clock; “so what”, {he} [said]", "label": "A", "misleading_label": "B"}
_TASKS = ["Sort reviews by tone.", "Tell who wrote a letter.", "判断病历属于哪个科室。"]
_LABELS = [{"name": name, "description": f"It is {name}."} for name in ("a", "b", "c")]
_VALUES: list[object] = [_ROW, {"tasks": _TASKS}, _TASKS, {"labels": _LABELS}, [{"task": task} for task in _TASKS]]
_FORMS: list[Callable[[object], str]] = [
    json.dumps,
    repr,
    lambda value: json.dumps(value, indent=2, ensure_ascii=False),
    lambda value: f"```json\n{json.dumps(value)}\n```",
    lambda value: f"<think>{{No}} [1]?</think>Sure:\n{json.dumps(value)}\nBye.",
    lambda value: json.dumps({"data": value})[:-1] + ",}",
    lambda value: json.dumps(json.dumps(value)),
    lambda _: "\n".join(f"{number}. {task}" for number, task in enumerate(_TASKS, start=1)),
    lambda _: json.dumps({"tasks": ["; ".join(_TASKS), " | ".join(_TASKS), str(_TASKS)]}),
]
_SIGNS = [
    *"[]{}()<>\"'`:,;.\\/|#*-+=_~!?&%$@^ \n\r\t",
    *(
        "```",
        "```json",
        "1.",
        "1)",
        "(1)",
        "#1",
        "- ",
        "* ",
        "\u2022",
        "\u30fb",
        "\u2192",
        "**",
        "__",
        "~~",
        "//",
        "/*",
    ),
    *("<li>", "</li>", "<b>", "[x]", "[ ]", " / ", "a) ", "Task 1:", "1. a b c ", "- a b c\n", "a b c; ", "I can't "),
    *(
        '{"a":',
        '["',
        '"]',
        '":',
        '"a":"b",',
        '{"tasks":["',
        '{"input_text":',
        "('",
        "{'a': '",
        '\\"',
        "\\u00",
        "\\ud83d",
    ),
    *("true", "None", "NaN", "-Infinity", "1e999", "9" * 50, "0", "1.5", "a", "word ", "sorry, ", "as a "),
    *(
        "\u201c",
        "\u201d",
        "\u2018",
        "\u2019",
        "\u00ab",
        "\u3001",
        "\u3002",
        "\u4e00",
        "\u0e01",
        "\u0301",
        "\u00e9",
        "\U0001f600",
    ),
    *(
        "\x00",
        "\x1b",
        "\x85",
        "\u2028",
        "\u200b",
        "\u202e",
        "\ufeff",
        "\ud800",
        "\udc00",
        "\u3000",
        "\u115f",
        "\u0130",
        "\ufdfa",
    ),
]
_WRAPS = [
    "{}",
    '["{}"]',
    '{"tasks": ["{}"]}',
    '{"tasks": "{}"}',
    '{"tasks": ["a b c", {}]}',
    '{"input_text": "{}", "label": "A", "misleading_label": "B",}',
    '{"input_text": {}, "label": "A"}',
    '{"labels": [{"name": "{}", "description": "d"}, {"name": "b", "description": "c"}]}',
    "{'tasks': ['{}']}",
    "[{}]",
    "1. {}",
    "```json\n{}\n```",
    "a b c\n{}",
]
_WANTED: list[type[BaseModel]] = [Reply, Reply, TaskList, TaskList, LabelSetReply]


class Hostile(NamedTuple):
    """A reply, and what it is read as."""

    text: str
    wanted: type[BaseModel]
    cut: bool


class Cost(NamedTuple):
    """What reading many replies took: the slowest one's number and processor time, and by how much memory grew."""

    slowest: int
    slowest_s: float
    grown_mb: float


def hostile(number: int) -> Hostile:
    """The reply of this number."""
    draw = random.Random(number)
    text = draw.choices((_mutated, _repeated, _mixed, _nested), (6, 3, 2, 1))[0](draw)
    return Hostile(text, draw.choice(_WANTED), draw.random() < 0.2)


def cost_of(numbers: range) -> Cost:
    """Reads them all; each must come to an object or a named cause, the same in any thread, within its time.

    Memory is looked at after the first tenth, when all that is loaded late has been.
    """
    slowest, slowest_s, at_first = 0, 0.0, 0.0
    for place, number in enumerate(numbers):
        reply = hostile(number)
        took = _seconds(reply)
        if took > SLOWEST_S:  # the machine may have been busy with something else
            took = min(took, _seconds(reply), _seconds(reply))
        assert took <= SLOWEST_S, f"number {number} took {took:.2f} s"
        if took > slowest_s:
            slowest, slowest_s = number, took
        if place % 20 == 0:
            asked = completion(reply.text, finish_reason="length" if reply.cut else "stop")
            assert _what(parse(asked, reply.wanted)) == _what(read(*reply)), f"number {number}"
        if place == len(numbers) // 10:
            at_first = _peak_mb()
    return Cost(slowest, slowest_s, _peak_mb() - at_first)


def _what(found: BaseModel | Problem) -> BaseModel | Problem:
    """A result without the advice on the limit that cut the reply: only `parse` knows whose it was."""
    return found._replace(detail=found.detail.partition(";")[0]) if isinstance(found, Problem) else found


def _seconds(reply: Hostile) -> float:
    begun = time.thread_time()
    found = read(*reply)
    took = time.thread_time() - begun
    if isinstance(found, Problem):
        assert found.cause in CONTENT_CAUSES
        assert len(found.detail.encode()) <= 1_000
    else:
        assert isinstance(found, reply.wanted)
        assert found.model_dump_json().encode()
    return took


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _length(draw: random.Random) -> int:
    """Mostly short; one in a hundred up to the longest that is read, one in 500 beyond it."""
    kind = draw.random()
    if kind < 0.002:
        return draw.randrange(100_000, 300_000)
    return draw.randrange(8_000, 100_000) if kind < 0.01 else draw.randrange(10, 400)


def _pattern(draw: random.Random) -> str:
    return "".join(draw.choices(_SIGNS, k=draw.choice((1, 1, 2, 2, 3, 4, 6))))


def _repeated(draw: random.Random) -> str:
    """One short pattern, over and over, in the place of a text, a value or a whole reply."""
    pattern = _pattern(draw)
    filled = draw.choice(_WRAPS).replace("{}", pattern * max(1, _length(draw) // len(pattern)))
    return filled if draw.random() < 0.8 else json.dumps({"tasks": [filled] * draw.choice((1, 2, 5))})


def _mixed(draw: random.Random) -> str:
    """Signs in any order, some of them in runs."""
    parts = draw.choices(_SIGNS, k=draw.randrange(1, 60))
    longest = 2 + _length(draw) // 20
    return "".join(part * (draw.randrange(1, longest) if draw.random() < 0.1 else 1) for part in parts)


def _nested(draw: random.Random) -> str:
    """Brackets within brackets, closed or not, around or within something good."""
    opening, closing = draw.choice(
        (("[", "]"), ('{"a":', "}"), ('[{"a":', "}]"), ("(", ")"), ('{"tasks":[', "]}"), ("{", "}"))
    )
    depth = (
        draw.choice((2, 5, 21, 63, 64, 65)) if draw.random() < 0.8 else draw.choice((300, 900, 1_000, 5_000, 30_000))
    )
    inner = draw.choice(("", "1", json.dumps(draw.choice(_VALUES)), _pattern(draw)))
    nest = opening * depth + inner + closing * draw.choice((0, depth // 2, depth))
    return draw.choice(("{}", '{"input_text": {}, "label": "A"}', "So: {} {}")).replace("{}", nest)


def _mutated(draw: random.Random) -> str:
    """A good reply in one of its forms, with parts put in, left out, doubled or changed for others."""
    text = draw.choice(_FORMS)(draw.choice(_VALUES))
    for _ in range(draw.choice((0, 1, 1, 2, 3, 5, 10))):
        place, size = draw.randrange(len(text) + 1), draw.choice((0, 1, 1, 2, 5, 20))
        part = text[place : place + size]
        new = draw.choice((_pattern(draw), "", part * 2, _pattern(draw) * draw.randrange(1, 50)))
        text = text[:place] + new + text[place + size :]
    return text
