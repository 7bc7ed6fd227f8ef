"""Label matching: a label as a model or a file writes it, brought to the spelling of the closed label set.

Two labels of one set never share the form by which the tasks file finds repeated labels (`name_keys`: NFKC, case
folded in both ways that there are, white space collapsed, no final full stop). So a label with the form of one in the
set is that label, whether composed or decomposed, in full-width letters, with ligatures or non-breaking spaces. Beyond
it, typography is levelled: quotes, apostrophes and dashes of any kind, characters that do not show, a pair of quotes
around the label, full stops of other scripts, spellings of one script. Last, what models put around a label is taken
off: Markdown, brackets, a number of a list, the field's name, other final signs; and spaces, hyphens and underscores
within it count as one. There a set may have two labels of one form; such a form matches neither.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import regex

from synthetic_textcat.schemas.tasks import normalise
from synthetic_textcat.text.comparison import comparable, name_keys
from synthetic_textcat.text.unicode import composed

Key = tuple[str | None, str]
"""A way of folding case, and a form."""

_APOSTROPHES = "\u2018\u2019\u201a\u201b\u2032\u02b9\u02bb\u02bc\u02bd\u02c8\u00b4\u0060\uff07\u055a\u05f3\ua78c"
_QUOTES = "\u201c\u201d\u201e\u201f\u2033\u02ba\u00ab\u00bb\u2039\u203a\u300a\u300b\uff02\u05f4\u301d\u301e\u301f"
_LEVELLED = str.maketrans(dict.fromkeys(_APOSTROPHES, "'") | dict.fromkeys(_QUOTES, '"'))
"""To one form before NFKC, which takes the acute accent for a space and a combining mark."""

_DASH = regex.compile(r"[\p{Pd}\u2212]")
_UNSEEN = regex.compile(r"[\p{Default_Ignorable_Code_Point}\p{Cf}]+")
_STOPS = " .\u3002\uff0e\uff61\u0964\u06d4\u1362"
_AROUND = regex.compile(
    r"""\A(?: [\s*`~#'"\[({«]+ | [-+•·]\s+ | \(?(?:\d{1,2}[.):]|[A-Za-z]\))\s+ | (?:misleading[\s_]?)?label\s*[:=]\s* )+
    | [\s*`~'"\])}».,;:!]+\Z""",
    regex.VERBOSE | regex.IGNORECASE,
)
_BETWEEN_WORDS = regex.compile(r"(?<=\w)[\s_-]+(?=\w)")
_AT_SIGNS = regex.compile(r"\s+(?=[/&|])|(?<=[/&|])\s+")
_BETWEEN_NAMES = (regex.compile(r"[,;|\n\uff0c\u3001\uff1b\u060c]"), regex.compile(r"[,;|/+&\n]|\sand\s"))
_MOST_PARTS = 6  # of a name that has separators itself
_NONE = frozenset(
    {"", "none", "null", "n/a", "none of these", "none of them", "none of the above", "none of the labels", "no label"}
    | {"no labels", "no label fits", "none fits", "none applies"}
)
"""Words of models for no label."""

_PAIRS = frozenset({"''", '""', "\u300c\u300d", "\u300e\u300f"})


def set_spelling(label: str, names: frozenset[str]) -> str | None:
    """The name in a closed label set that a label stands for; None if it is none of the set, or could be two."""
    if label in names:
        return label
    if not names:
        return None
    strict, loose, bare = _forms_of(names)
    found = (*map(strict.get, name_keys(label)), *map(loose.get, _loose_keys(label)), *map(bare.get, _bare_keys(label)))
    return next(filter(None, found), None)


def labels_in_set(said: Iterable[str], order: Sequence[str]) -> tuple[str, ...]:
    """The labels that a model wrote, in spelling and order of the closed label set, each once; others come last.

    A text with several names of the set, apart by commas or the like, is read as these if no other word stands there.
    A word for none, alone, is not a label, unless the set has it.

    Args:
        said: Labels as the model wrote them.
        order: The label set.
    """
    names, items = frozenset(order), list(said)
    if len(items) == 1 and set_spelling(items[0], names) is None and _bare(items[0]) in _NONE:
        return ()
    found = dict.fromkeys(name for item in items for name in _names_in(item, names))
    return (*(name for name in order if name in found), *(name for name in found if name not in names))


def _names_in(item: str, names: frozenset[str]) -> list[str]:
    if (name := set_spelling(item, names)) is not None:
        return [name]
    for separator in _BETWEEN_NAMES:
        found = _names_between(item, [match.span() for match in separator.finditer(item)], names)
        if found:
            return found
    return [item]


def _names_between(item: str, separators: Sequence[tuple[int, int]], names: frozenset[str]) -> list[str]:
    """The names that separators keep apart, the longest first, since names have commas too; none if others are left."""
    starts, ends = [0, *(end for _, end in separators)], [*(start for start, _ in separators), len(item)]
    found: list[str] = []
    place = 0
    while place < len(starts):
        last = min(len(starts), place + _MOST_PARTS) - 1
        spelt = ((end, set_spelling(item[starts[place] : ends[end]], names)) for end in range(last, place - 1, -1))
        end, name = next((pair for pair in spelt if pair[1] is not None), (place, None))
        if name is None and item[starts[place] : ends[place]].strip():
            return []
        found += [] if name is None else [name]
        place = end + 1
    return found


def _bare(label: str) -> str:
    return comparable(_AROUND.sub("", _levelled(label)))


def label_form(label: str) -> str:
    """The label with its typography levelled, for comparison."""
    return normalise(_levelled(label))


def _levelled(label: str) -> str:
    form: str = composed(_UNSEEN.sub("", label).translate(_LEVELLED))
    form = _DASH.sub("-", form).strip(_STOPS)
    while len(form) > len("''") and form[0] + form[-1] in _PAIRS:
        form = form[1:-1].strip(_STOPS)
    return form


def _loose_keys(label: str) -> tuple[Key, ...]:
    """The levelled label in the normal form of its script, by each way of folding case."""
    return tuple((code, comparable(_levelled(label), code)) for code in (None, "tr"))


def _bare_keys(label: str) -> tuple[Key, ...]:
    """The levelled label without what stands around it, its words apart by spaces alone."""
    return tuple(
        (code, _AT_SIGNS.sub("", _BETWEEN_WORDS.sub(" ", _AROUND.sub("", form)))) for code, form in _loose_keys(label)
    )


@lru_cache(maxsize=4_096)
def _forms_of(names: frozenset[str]) -> tuple[dict[Key, str], dict[Key, str], dict[Key, str]]:
    """Names by their form in the tasks file, by the levelled one, and by their bare words."""
    return (
        _unique((key, name) for name in names for key in name_keys(name)),
        _unique((key, name) for name in names for key in _loose_keys(name)),
        _unique((key, name) for name in names for key in _bare_keys(name)),
    )


def _unique(pairs: Iterable[tuple[Key, str]]) -> dict[Key, str]:
    found: dict[Key, set[str]] = {}
    for key, name in pairs:
        found.setdefault(key, set()).add(name)
    return {key: min(names) for key, names in found.items() if key[1] and len(names) == 1}
