"""Values of a column with their shares, and draws of them by streams."""

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from synthetic_textcat.hashing import Keys
from synthetic_textcat.pipelines.attribute_sampling.apportionment import Balanced
from synthetic_textcat.pipelines.attribute_sampling.streams import Ints, independent, streams_of
from synthetic_textcat.schemas.attributes import chosen_weights, shares_of, weights_of
from synthetic_textcat.schemas.rows import ATTRIBUTES

Codes = dict[str, Ints]
"""Column → the number of each row's value, -1 for none."""


class Values(NamedTuple):
    """Values and their shares; `balanced` draws keep to these, without it each row is drawn for itself."""

    names: Sequence[Any]
    shares: tuple[Fraction, ...]
    balanced: Balanced | None

    def draw(self, keys: Keys, stream: Ints) -> Ints:
        """The number of each row's value, by the number of its stream; the rows of a stream are in its order."""
        codes, counts = np.empty(len(stream), np.int32), np.bincount(stream, minlength=len(keys))
        drawn = (
            self.balanced.draw(keys, counts) if self.balanced else independent(streams_of(keys, counts), self.shares)
        )
        codes[np.argsort(stream, kind="stable")] = drawn
        return codes

    @property
    def equal_weight_groups(self) -> tuple[Ints, Ints]:
        """As in `Balanced`."""
        assert self.balanced is not None
        return self.balanced.equal_weight_groups


@lru_cache(maxsize=512)
def shares_of_choice(name: str, choice: str) -> Mapping[str, Fraction]:
    """Share of each value of an attribute; cached per choice in JSON, since many tasks have the same choice."""
    chosen = json.loads(choice)
    return weights_of(name, chosen) if name in ATTRIBUTES else chosen_weights(chosen)


@lru_cache(maxsize=512)
def values_of(shares: tuple[tuple[Any, Fraction], ...], *, is_exact: bool) -> Values:
    """Values with their shares, which sum to 1; cached, since draws fit their odds first."""
    names, odds = zip(*shares, strict=True)
    return Values(names, odds, Balanced(odds) if is_exact else None)


def numbered(weights: Sequence[float], *, is_exact: bool) -> Values:
    """The places of all weights but those of 0."""
    shares = shares_of({place: weight for place, weight in enumerate(weights) if weight})
    return values_of(tuple(shares.items()), is_exact=is_exact)
