"""Thoughts of reasoning models: where they end in a reply's text, and where unclosed ones begin.

Spellings seen in chat templates and reasoning parsers of open models: tags in angle or square brackets, template tokens
(`<|END_THINKING|>`), Kimi's `◁think▷`, channels of Harmony (gpt-oss) and Gemma, and Granite's sentences. A template may
write the beginning into the prompt, so that a reply holds only the end; a server may drop the tokens that enclose a
channel's name.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_WORD = "think|thought|reason|reflect|scratch_?pad|analysis|monologue|deliberat|draft|inner_"
_NAME = rf"[\w:.-]{{0,24}}?(?:{_WORD})[\w:.-]{{0,24}}"
_BAR = r"[|\uff5c]"  # DeepSeek writes full-width bars
_TOKEN_NAME = r"[\w \u2581/]{0,30}?(?:think|thought|reason|inner)[\w \u2581]{0,30}?"
_CHANNEL = rf"<{_BAR}channel{_BAR}>\s{{0,8}}"
_HEADER = rf"[^<{{]{{0,80}}(?:<{_BAR}constrain{_BAR}>[^<{{]{{0,20}})?<{_BAR}message{_BAR}>"

_END = rf"""
    (?:<|&lt;)\s?/\s?(?:{_NAME}|details)\s?(?:>|&gt;)
  | \[\s?/\s?{_NAME}\s?\]
  | ◁\s?/\s?\w{{1,20}}\s?▷
  | <{_BAR}(?:end(?=[\w \u2581])|/|close|stop){_TOKEN_NAME}{_BAR}>
  | <{_BAR}{_TOKEN_NAME}(?:[_ \u2581-]?(?:end|stop|close)|_suffix){_BAR}>
  | <channel{_BAR}>
  | {_CHANNEL}(?:final|commentary){_HEADER}
  | <unused95> | \[unused17\]
"""
_BEGINNING = rf"""
    (?:<|&lt;)\s?(?:{_NAME}|details\s[^<>]{{0,40}}\breasoning\b[^<>]{{0,40}})\s?(?:>|&gt;)
  | \[\s?(?:think|thinking|thoughts?|reasoning)\s?\]
  | ◁\s?\w{{1,20}}\s?▷
  | <{_BAR}(?!end|/|close|stop){_TOKEN_NAME}{_BAR}>
  | <{_BAR}channel>
  | {_CHANNEL}analysis
  | <unused94> | \[unused16\]
"""
_MARKER = re.compile(rf"(?P<end>{_END})|(?P<beginning>{_BEGINNING})", re.IGNORECASE | re.VERBOSE)
_MAY_HOLD_ONE = re.compile(r"[<\[◁]|&lt;")

_STRIPPED_CHANNEL = re.compile(r"\s*analysis(?=\W|[A-Z])")
_STRIPPED_ANSWER = re.compile(r"assistant\s?(?:final|commentary(?:\s?to=[\w.]{1,40})?)(?=\W|json|\Z)")
_SENTENCE = re.compile(r"\s*Here(?:'s|\u2019s| is) my thought process:", re.IGNORECASE)
_ANSWER_SENTENCE = re.compile(r"\bHere(?:'s|\u2019s| is) my (?:final )?(?:response|answer):", re.IGNORECASE)
_WITHOUT_MARKERS = ((_STRIPPED_CHANNEL, _STRIPPED_ANSWER), (_SENTENCE, _ANSWER_SENTENCE))
"""Beginning of a reply whose thoughts no marker encloses, and what begins its answer."""

OPENING = "<think>\n"
"""Marker set before thoughts that come in a field of their own, where the reply has no other text."""


_CALLED_THE_ANSWER = re.compile(
    r"""(?: \b(?:final|finally|answer|output|response|result|solution
        |antwort|ergebnis|endfassung|endgültig\w*|réponse|résultat|respuesta|resultado|resposta|risposta|risultato
        |antwoord|odpowiedź|\u043e\u0442\u0432\u0435\u0442|\u0438\u0442\u043e\u0433|cevap|yan\u0131t|jawaban)\b
      | 答案|回答|最终|最終|答え|답변|최종|إجاب|उत्तर )
    [^{}\n.?!]{0,60} \s* (?:[`~]{3,}\w*)? \s* \Z""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words directly before an object that call it the answer."""

_TENTATIVE = re.compile(
    r"""\A\W*(?:is|are|does|should|what|which)\b
    | \b(?:draft|maybe|perhaps|possibl[ey]|could|might|would|example|first|something|like|try|not|no|or
        |entwurf|vielleicht|brouillon|peut-être|borrador|quizás?)\b
    | e\.g\. | \? | 草稿 | 也许 | 例如""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words that revoke this: a question, an attempt, an example."""

_SENTENCE_ENDS = (". ", "! ", "? ", "\n", "。", "}", ">")
_WORDS_BEFORE = 120  # characters, of which the last sentence counts


class Thoughts(NamedTuple):
    """Places of a reply's thoughts; the answer stands between them.

    Attributes:
        end: Offset behind the last end of thoughts; 0 if there is none.
        reopened: Offset of the first beginning after it, of thoughts that never end; else the text's length.
    """

    end: int
    reopened: int


def thoughts_in(text: str, not_within: Iterable[tuple[int, int]] = ()) -> Thoughts:
    """The thoughts of a reply.

    Args:
        text: The reply.
        not_within: Spans in which a marker is text, as in the strings of an object.
    """
    end, reopened = 0, len(text)
    for position, stop, is_end in _markers(text, tuple(not_within)):
        if is_end:
            end, reopened = stop, len(text)
        else:
            reopened = min(reopened, position)
    return Thoughts(end, reopened)


def _markers(text: str, spans: tuple[tuple[int, int], ...]) -> Iterator[tuple[int, int, bool]]:
    """Start, end and kind of each marker, in order."""
    for beginning, answer in _WITHOUT_MARKERS:
        if beginning.match(text):
            yield 0, 0, False
            yield from ((match.start(), match.end(), True) for match in answer.finditer(text))
    if not _MAY_HOLD_ONE.search(text):
        return
    place = 0
    for match in _MARKER.finditer(text):
        while place < len(spans) and spans[place][1] <= match.start():
            place += 1
        if place == len(spans) or match.start() < spans[place][0]:
            yield match.start(), match.end(), match["end"] is not None


def is_called_the_answer(text: str, place: int) -> bool:
    """Whether the sentence before an object calls it the answer, and not an attempt at it.

    Args:
        text: The reply.
        place: Where the object begins.
    """
    before = text[max(0, place - _WORDS_BEFORE) : place]
    found = _CALLED_THE_ANSWER.search(before)
    if found is None:
        return False
    begin = max(before.rfind(end, 0, found.start()) for end in _SENTENCE_ENDS) + 1
    return _TENTATIVE.search(before[begin:]) is None
