r"""Search of a text for many phrases: each regular expression is tried only where the text has literals that it needs.

`re` tries each alternative of `a|b|c` at each place of a text. Here each expression is searched alone, and only if the
text has one of the literals without which it matches nothing ("label" for `(?:right|wrong) labels?`). Pieces that the
caller has looked for rule out most literals without another look at the text.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache

_TOKEN = re.compile(r"\(\?(?::|<?[=!])|\[[^\]]*\]|\\.|(?:[?*+]|\{\d+(?:,\d*)?\})\??|.", re.DOTALL)
_QUANTIFIERS = "?*+{"
_OPTIONAL = ("?", "*", "{0")
_NO_LITERALS = frozenset("|.^$")
_GROUP, _END = "(?:", ")"
_LOOK = 0.1  # the cost of looking for a literal, in searches for an expression
_SEARCH = 3.0  # the cost of a search: literals that cost more are not looked for
_OFTEN = 3  # letters: nearly every text has a given literal of as many
_MOST_PLANS = 1_024
_RARE_SIGNS = "_jx"
_FEWEST_TEXTS = 200  # for RE2
_NONE = frozenset[str]()

Literals = frozenset[str]
Plan = tuple[tuple["re.Pattern[str]", Literals, tuple[Literals, ...]], ...]
"""Patterns, each with literals of which it needs one, and further such sets, which cost more to look for."""


class PhraseSearch:
    """Regular expressions, searched as an alternation of them would be.

    Args:
        patterns: In their order, without flags, capturing groups or back references; none matches the empty text.
        pieces: Parts of words that the caller looks for in each text; a space stands for the beginning of a text, too.
    """

    def __init__(self, patterns: Iterable[str], pieces: Iterable[str]) -> None:
        self._patterns = [(re.compile(pattern), needed_literals(pattern)) for pattern in patterns]
        literals = frozenset[str]().union(*(literals for _, needed in self._patterns for literals in needed))
        sought = frozenset(pieces)
        self._pieces_in = {literal: frozenset(filter(literal.__contains__, sought)) for literal in literals}
        self._plan_for = lru_cache(maxsize=_MOST_PLANS)(self._planned)

    def matches(self, text: str, pieces: Literals) -> Iterator["re.Match[str]"]:
        """Matches that do not overlap, from left to right; of two that begin at one place, that of the first pattern.

        Args:
            text: Any text.
            pieces: Those of the caller's pieces that it has.
        """
        plan, literals = self._plan_for(pieces)
        present = frozenset(filter(text.__contains__, literals))
        tried = (
            pattern
            for pattern, needed, more in plan
            if not needed.isdisjoint(present) and all(any(map(text.__contains__, each)) for each in more)
        )
        found = [match for pattern in tried if (match := pattern.search(text)) is not None]
        while found:
            first = min(found, key=re.Match.start)
            yield first
            found = list(_from(first.end(), found))

    def _planned(self, pieces: Literals) -> tuple[Plan, Literals]:
        """The patterns that a text with these pieces may match, each with literals of which it needs one; all these."""
        plan: list[tuple[re.Pattern[str], Literals, tuple[Literals, ...]]] = []
        for pattern, needed in self._patterns:
            possible = [frozenset(each for each in literals if self._pieces_in[each] <= pieces) for literals in needed]
            if all(possible):
                first, *others = sorted(possible, key=_cost)
                plan.append((pattern, first, tuple(each for each in others if _cost(each) < _SEARCH)))
        return tuple(plan), frozenset[str]().union(*(literals for _, literals, _ in plan))


class PieceScreen:
    """Parts of words that a text has; parts with a rare sign are looked for only where the sign is.

    Args:
        pieces: Parts of words; a space stands for the beginning of a text, too.
    """

    def __init__(self, pieces: Iterable[str]) -> None:
        of_sign: dict[str, list[str]] = {}
        pieces = list(pieces)
        self._any = "|".join(re.sub(r"^\\ ", "(?:^| )", re.escape(piece)) for piece in pieces)
        for piece in pieces:
            of_sign.setdefault(next(filter(piece.__contains__, _RARE_SIGNS), ""), []).append(piece)
        self._others = of_sign.pop("", [])
        self._of_sign = list(of_sign.items())

    def pieces_in(self, text: str) -> Literals:
        """Parts that occur in a text."""
        has = f" {text}".__contains__
        found = list(filter(has, self._others))
        for sign, pieces in self._of_sign:
            if sign in text:
                found += filter(has, pieces)
        return frozenset(found) if found else _NONE

    def may_be_in(self, texts: Sequence[str]) -> list[bool]:
        """Whether each text has one of the parts: RE2 looks for all at once, in a tenth of the time of `pieces_in`.

        Of a few texts, and of texts that are no Unicode, each may have one: RE2 would take longer to begin.
        """
        import pyarrow as pa  # where single texts are judged it need not be there
        import pyarrow.compute as pc

        if len(texts) < _FEWEST_TEXTS or not self._any:
            return [bool(self._any)] * len(texts)
        try:
            column = pa.array(texts, pa.large_string())
        except (UnicodeEncodeError, pa.ArrowInvalid):
            return [True] * len(texts)
        found: list[bool] = pc.match_substring_regex(column, self._any).to_pylist()
        return found


def _from(place: int, found: Iterable["re.Match[str]"]) -> Iterator["re.Match[str]"]:
    """The next match of each pattern that begins at this place or later."""
    for match in found:
        later = match if match.start() >= place else match.re.search(match.string, place)
        if later is not None:
            yield later


def needed_literals(pattern: str) -> tuple[Literals, ...]:
    """Sets of literals; each match of the pattern has one literal of each set."""
    return _needed(_TOKEN.findall(pattern)[::-1], "")


def _needed(tokens: list[str], before: str) -> tuple[Literals, ...]:
    """The sets of a group.

    Args:
        tokens: The next one last; they are taken away up to the end of the group.
        before: The literal directly before the group.
    """
    alternatives: list[list[Literals]] = [[]]
    literal = before
    while tokens and (token := tokens.pop()) != _END:
        inner = _needed(tokens, literal) if token.startswith("(?") else ()
        times = tokens.pop() if tokens and tokens[-1][0] in _QUANTIFIERS else ""
        is_needed = not times.startswith(_OPTIONAL)
        is_literal = len(token) == 1 and token not in _NO_LITERALS
        literal += token * (is_literal and is_needed)
        if times or not is_literal:
            alternatives[-1].append(frozenset({literal}))
            literal = ""
        if token == _GROUP and is_needed:
            alternatives[-1].extend(inner)
        if token == "|":
            alternatives.append([])
            literal = before
    alternatives[-1].append(frozenset({literal}))
    if len(alternatives) == 1:
        return tuple(alternatives[0])
    return (frozenset[str]().union(*(min(sets, key=_cost) for sets in alternatives)),)


def _cost(literals: Literals) -> float:
    return sum(map(_cost_of, literals))


@cache
def _cost_of(literal: str) -> float:
    """Cost of a literal in searches for an expression: it is looked for, and a short one stands in many texts."""
    return _LOOK + 2.0 ** (_OFTEN - len(literal.strip()))
