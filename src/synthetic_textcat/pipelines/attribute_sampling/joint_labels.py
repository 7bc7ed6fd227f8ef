"""Joint distribution of the labels of a text: conditional Poisson sampling with weighted and excluded pairs.

The probability of a set of k labels is proportional to the product of its labels' weights and of its pairs' weights.
Without weighted pairs this is conditional Poisson sampling (Hajek 1964; Chen, Dempster and Liu 1994), whose sums over
sets are elementary symmetric polynomials. Labels that weighted pairs link form a component, whose sets are enumerated;
the polynomials of all components are multiplied. All sums are exact.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from math import lcm
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.errors import ParameterError

Pair = tuple[int, int]
Exact = int | Fraction
"""A fraction is an int where it is whole: sums of ints are twenty times as fast."""

Polynomial = list[Exact]
"""Coefficient k: the sum of the weights of sets of k labels."""

MOST_SETS = 50_000
"""Sets of one component that are enumerated."""


class JointLabels(NamedTuple):
    """Distribution of the label sets of each size.

    Attributes:
        weights: Of the labels.
        pairs: Weights of pairs of labels, smaller number first; 0 = never together, missing = 1.
        inclusion: By size, the probability of each label.
        together: By size, the probability of each pair, in the order of `itertools.combinations`.
    """

    weights: tuple[Fraction, ...]
    pairs: Mapping[Pair, Fraction]
    inclusion: Mapping[int, tuple[Fraction, ...]]
    together: Mapping[int, tuple[Fraction, ...]]


def joint_labels(weights: Sequence[float], pairs: Mapping[Pair, float], sizes: Sequence[int]) -> JointLabels:
    """Distribution for sets of the given sizes.

    Args:
        weights: Of the labels, above 0.
        pairs: Weights of pairs of labels' numbers; missing = 1.
        sizes: Numbers of labels that a text may have; each with a set whose weight is above 0.

    Raises:
        ParameterError: If weighted pairs link so many labels that their sets can't be enumerated.
    """
    exact, of_pairs = _exact_weights(weights, pairs)
    own, whole = _sums(exact, of_pairs, max(sizes))
    component = {label: number for number, each in enumerate(own) for label in each.members}
    without = [_quotient(whole, each.sums) for each in own]
    one = [_product(own[component[label]].with_all[label,], without[component[label]]) for label in range(len(exact))]
    two, of_weights = list[Polynomial](), dict[Pair, Polynomial]()  # many labels have few weights
    for a, b in combinations(range(len(exact)), 2):
        of_a, of_b = own[component[a]], own[component[b]]
        if of_a is of_b:
            two.append(_product(of_a.with_all[a, b], without[component[a]]))
            continue
        are_alone = len(of_a.members) == len(of_b.members) == 1
        sums = of_weights.get((exact[a], exact[b])) if are_alone else None
        if sums is None:
            rest = _quotient(without[component[a]], of_b.sums)
            sums = _product(_product(of_a.with_all[a,], of_b.with_all[b,]), rest)
        if are_alone:
            of_weights[exact[a], exact[b]] = sums
        two.append(sums)
    return JointLabels(
        tuple(map(Fraction, exact)),
        {pair: Fraction(weight) for pair, weight in of_pairs.items()},
        {size: _shares([sums[size] for sums in one], whole[size]) for size in sizes},
        {size: _shares([sums[size] for sums in two], whole[size]) for size in sizes},
    )


def _shares(parts: Sequence[Exact], whole: Exact) -> tuple[Fraction, ...]:
    """The parts of a whole; equal ones are divided once."""
    of_part = {part: Fraction(part) / whole for part in {*parts}}
    return tuple(of_part[part] for part in parts)


def repeat_rates(weights: Sequence[float], pairs: Mapping[Pair, float], sizes: Sequence[int]) -> dict[int, Fraction]:
    """By size, the probability that two independent draws are the same set; arguments and errors as `joint_labels`."""
    exact, of_pairs = _exact_weights(weights, pairs)
    _, once = _sums(exact, of_pairs, max(sizes))
    _, squared = _sums([own**2 for own in exact], {pair: own**2 for pair, own in of_pairs.items()}, max(sizes))
    return {size: Fraction(squared[size]) / once[size] ** 2 for size in sizes}


def _exact_weights(weights: Sequence[float], pairs: Mapping[Pair, float]) -> tuple[list[int], dict[Pair, Exact]]:
    """Weights of the labels as whole numbers in the same proportions, and those of pairs, smaller number first."""
    fractions = [Fraction(repr(float(weight))) for weight in weights]
    scale = lcm(*(weight.denominator for weight in fractions))
    of_pairs = {(min(pair), max(pair)): _exact(weight) for pair, weight in pairs.items()}
    return [int(weight * scale) for weight in fractions], of_pairs


def _sums(weights: Sequence[int], pairs: Mapping[Pair, Exact], most: int) -> tuple[list["_Component"], Polynomial]:
    """The components, and the sums over all sets of up to `most` labels."""
    own = [_Component(members, weights, pairs, most) for members in _components(len(weights), pairs)]
    whole: Polynomial = [1, *([0] * most)]
    for each in own:
        whole = _product(whole, each.sums)
    return own, whole


def _exact(weight: float) -> Exact:
    fraction = Fraction(repr(float(weight)))
    return fraction.numerator if fraction.denominator == 1 else fraction


class _Component:
    """Labels that weighted pairs link; sums over all of their sets, and over those with one or two of the labels."""

    def __init__(self, members: Sequence[int], weights: Sequence[int], pairs: Mapping[Pair, Exact], most: int) -> None:
        self.members = members
        self.sums: Polynomial = [0] * (most + 1)
        self.with_all: dict[tuple[int, ...], Polynomial] = {
            labels: [0] * (most + 1) for number in (1, 2) for labels in combinations(members, number)
        }
        for count, (labels, weight) in enumerate(_sets(members, weights, pairs, most)):
            if count > MOST_SETS:
                raise ParameterError(
                    f"together: pairs link {len(members)} labels to one another, which make more than {MOST_SETS:,} "
                    f"sets of up to {most} labels. Next: weigh fewer pairs, or allow fewer labels in labels_per_text"
                )
            self.sums[len(labels)] += weight
            for number in (1, 2):
                for some in combinations(labels, number):
                    self.with_all[some][len(labels)] += weight


def _sets(
    members: Sequence[int], weights: Sequence[int], pairs: Mapping[Pair, Exact], most: int
) -> Iterator[tuple[tuple[int, ...], Exact]]:
    """The sets of up to `most` labels with a weight above 0, each with its weight."""
    open_: list[tuple[int, tuple[int, ...], Exact]] = [(0, (), 1)]
    while open_:
        start, labels, weight = open_.pop()
        yield labels, weight
        if len(labels) < most:
            for place in range(start, len(members)):
                label = members[place]
                own = weight * weights[label]
                for other in labels:
                    own *= pairs.get((other, label), 1)
                if own:
                    open_.append((place + 1, (*labels, label), own))


def pair_numbers(labels: int) -> NDArray[np.int64]:
    """Number of each pair of labels in the order of `itertools.combinations`, by both labels."""
    numbers = np.zeros((labels, labels), np.int64)
    a, b = np.triu_indices(labels, 1)
    numbers[a, b] = numbers[b, a] = np.arange(len(a))
    return numbers


def _components(labels: int, pairs: Mapping[Pair, Exact]) -> list[list[int]]:
    """Connected components of the graph of weighted pairs."""
    root = list(range(labels))
    for a, b in pairs:
        old, new = root[b], root[a]
        root = [new if own == old else own for own in root]
    return [[label for label in range(labels) if root[label] == own] for own in sorted(set(root))]


def _product(one: Polynomial, two: Polynomial) -> Polynomial:
    """Product of polynomials, cut at their length."""
    return [sum(one[j] * two[k - j] for j in range(k + 1)) for k in range(len(one))]


def _quotient(whole: Polynomial, part: Polynomial) -> Polynomial:
    """The polynomial whose product with the part, which begins with 1, is the whole."""
    found: Polynomial = []
    for k, coefficient in enumerate(whole):
        found.append(coefficient - sum(part[j] * found[k - j] for j in range(1, k + 1)))
    return found
