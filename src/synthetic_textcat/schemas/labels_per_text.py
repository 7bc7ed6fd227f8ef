"""Number of labels a text, and pairs of labels that are weighted or excluded: validation of a task's two choices."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from synthetic_textcat.errors import nearest
from synthetic_textcat.schemas.block import MOST
from synthetic_textcat.schemas.task_input import no_text, shown

Sizes = dict[int, float]
"""Number of labels a text → its weight, above 0; in ascending order."""

Pair = tuple[str, str]

Exclusions = Mapping[str, set[str]]
"""Label → the labels that no text may have next to it."""

ONE_LABEL: Sizes = {1: 1.0}

_FORM = "write a number, a range such as [0, 3], or weights such as {1: 0.6, 2: 0.4}"
_PAIR_FORM = "write a list of pairs, such as [{labels: [Billing, Shipping], weight: 0}]"
_WEIGHT = f"a number from 0 to {MOST:,.0f}"
_WHOLE = re.compile(r"\s*\d{1,9}(\.0*)?\s*")
_MOST_LABELS = 1_000  # of a text; a range is listed size by size, so it needs a limit
_MOST_STEPS = 20_000  # of a search through excluded pairs, which takes some seconds; a real file needs a few


def checked_sizes(value: object) -> Sizes:
    """The weight of each number of labels, from a number, a range (even weights) or a mapping of weights.

    Raises:
        ValueError: If it has none of these forms, or no weight is above 0.
    """
    if isinstance(value, Mapping):
        weights = {(number := _size(size)): _weight(weight, _in_words(number)) for size, weight in value.items()}
        if len(weights) < len(value):
            raise ValueError("gives one number of labels two weights; give each number once")
        if not any(weights.values()):
            raise ValueError(f"{shown(dict(value))} has no weight above 0; {_FORM}")
        sizes = {size: weight for size, weight in sorted(weights.items()) if weight}
    elif isinstance(value, list | tuple):
        sizes = dict.fromkeys(_range(value), 1.0)
    else:
        sizes = {_size(value): 1.0}
    if list(sizes) == [0]:
        raise ValueError("plans texts without a label only; allow 1 label at least, such as [0, 2]")
    return ONE_LABEL if list(sizes) == [1] else sizes


def _in_words(size: int) -> str:
    return f"{size} label{'' if size == 1 else 's'}"


def _range(bounds: Sequence[object]) -> range:
    if len(bounds) != len(("least", "most")):
        raise ValueError(f"{shown(list(bounds))} is not a range of two numbers; {_FORM}")
    least, most = map(_size, bounds)
    if least > most:
        raise ValueError(f"the range [{least}, {most}] is turned round; write [{most}, {least}]")
    return range(least, most + 1)


def _size(value: Any) -> int:
    """A number of labels; keys of JSON are texts, and a column with gaps holds floats (`2.0` in CSV)."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value.partition(".")[0])
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or value < 0 or value != value // 1:
        raise ValueError(f"{shown(value)} is not a number of labels (0, 1, 2, ...); {_FORM}")
    if value > _MOST_LABELS:
        raise ValueError(f"{shown(value)} labels are more than a text can have; {_FORM}")
    return int(value)


def _weight(value: Any, of: str) -> float:
    """A weight; to YAML `1e9` is a text."""
    try:
        weight = float("nan" if isinstance(value, bool) else value)
    except (TypeError, ValueError):
        weight = float("nan")
    if not 0 <= weight <= MOST:
        raise ValueError(f"{of}: {shown(value)} is not a weight; write {_WEIGHT}")
    return weight


def checked_pairs(value: object) -> list[dict[str, Any]]:
    """Pairs of labels with their weights, sorted, so that their order in the file moves no plan.

    Raises:
        ValueError: If it is not a list of pairs with weights, or names a pair twice.
    """
    if not isinstance(value, list | tuple):
        raise ValueError(f"{shown(value)} is not a list; {_PAIR_FORM}")
    pairs: dict[Pair, float] = {}
    for number, entry in enumerate(value, start=1):
        place = f"pair {number}"
        pair = _pair(entry, place)
        if pair in pairs:
            raise ValueError(f"{place} names {pair[0]!r} and {pair[1]!r} again; give each pair once")
        pairs[pair] = _weight(entry["weight"], place)
    return [{"labels": pair, "weight": weight} for pair, weight in sorted(pairs.items())]


def _pair(entry: object, place: str) -> Pair:
    keys = ("labels", "weight")
    if not isinstance(entry, Mapping):
        raise ValueError(f"{place} is {shown(entry)}; {_PAIR_FORM}")
    for key in entry:
        if key not in keys:
            raise ValueError(f"{place}: unknown key {key}; {nearest(str(key), keys)}")
    for key in keys:
        if entry.get(key) is None:
            raise ValueError(f"{place} lacks the key {key}; add it")
    labels = entry["labels"]
    if not isinstance(labels, list | tuple):
        raise ValueError(f"{place}: {shown(labels)} is not a list of two labels; {_PAIR_FORM}")
    for name in labels:
        if not isinstance(name, str):
            raise ValueError(f"{place}: the label {no_text(name)}")
    names = sorted(name.strip() for name in labels)
    if len(names) != len(("one", "other")):
        raise ValueError(f"{place} names {len(names)} label{'' if len(names) == 1 else 's'}; name two")
    if names[0] == names[1]:
        raise ValueError(f"{place} names {names[0]!r} twice; name two labels")
    return names[0], names[1]


def refuse_impossible(sizes: Collection[int], pairs: Mapping[Pair, float], labels: Sequence[str]) -> None:
    """Checks that sets of labels of each size exist, and that each label has one.

    Args:
        sizes: Numbers of labels.
        pairs: Weight of each pair that the file names; 0 excludes it.
        labels: The task's labels.

    Raises:
        ValueError: If a pair has an unknown label, a size leaves no misleading label or has no allowed set, or a label
            is in no allowed set.
    """
    for name in (name for pair in pairs for name in pair if name not in labels):
        raise ValueError(f"together: unknown label {name!r}; {nearest(name, labels)}")
    if max(sizes) >= len(labels):
        raise ValueError(
            f"labels_per_text: allows {max(sizes)} labels a text, but the task has {len(labels)}, and each row needs "
            f"a misleading label besides; the most is {len(labels) - 1}"
        )
    excluded = _exclusions(labels, pairs)
    most = max(sizes)
    if not _has_set(excluded, most):
        largest = next(size for size in range(most - 1, -1, -1) if _has_set(excluded, size))
        raise ValueError(
            f"together: excludes so many pairs that no text can have more than {largest} of the labels, but "
            f"labels_per_text allows {most}; exclude fewer pairs, or allow fewer labels"
        )
    fewest = min((size for size in sizes if size), default=1)
    for label, others in excluded.items():
        if not _has_set(_without(excluded, {label, *others}), fewest - 1):
            raise ValueError(
                f"together: excludes so many pairs that no text can have the label {label!r}, since each text has "
                f"{fewest} labels at least; exclude fewer pairs, or allow fewer labels"
            )


def _exclusions(labels: Sequence[str], pairs: Mapping[Pair, float]) -> Exclusions:
    excluded: dict[str, set[str]] = {name: set() for name in labels}
    for one, other in (pair for pair, weight in pairs.items() if not weight):
        excluded[one].add(other)
        excluded[other].add(one)
    return excluded


def _has_set(excluded: Exclusions, size: int) -> bool:
    """Whether a set of so many labels has no excluded pair: an independent set, found by branch and bound."""
    steps = [_MOST_STEPS]

    def search(left: Exclusions, size: int) -> bool:
        steps[0] -= 1
        if steps[0] < 0:
            raise ValueError("together: excludes too many pairs to tell which sets of labels are left; exclude fewer")
        while left and size > 0 and len(left[few := min(left, key=lambda name: len(left[name]))]) <= 1:
            left, size = _without(left, {few, *left[few]}), size - 1  # no other choice leaves more labels
        if size <= 0 or _cliques(left) < size:
            return size <= 0
        many = max(left, key=lambda name: len(left[name]))
        return search(_without(left, {many, *left[many]}), size - 1) or search(_without(left, {many}), size)

    return search(excluded, size)


def _cliques(excluded: Exclusions) -> int:
    """Upper bound of the size of a set: cliques of labels that all exclude each other, of which it has one each."""
    cliques: list[set[str]] = []
    for name, others in excluded.items():
        for clique in cliques:
            if clique <= others:
                clique.add(name)
                break
        else:
            cliques.append({name})
    return len(cliques)


def _without(excluded: Exclusions, names: set[str]) -> Exclusions:
    return {name: others - names for name, others in excluded.items() if name not in names}
