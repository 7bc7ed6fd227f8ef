"""Randomised apportionment: every prefix of a sequence holds each value within one of its share.

The problem is Tijdeman's chairman assignment (1980); in apportionment, seats that stay within the quota whatever the
size of the house (Balinski and Young 1975; by lot: Goelz, Peters and Procaccia 2022). Values of equal weight form a
group, whose members take turns through random permutations. The k-th row of a group of share w may come after (k-1)/w
rows and is due after k/w. The next row goes to a group drawn among those after which all others can still be in time,
by odds as if the place of each group's row were uniform within its window. For the first rows, the odds are fitted so
that each group's chance at each row is its share: many short tasks, taken together, have the shares too.
"""

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import lcm

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.hashing import Keys, derived, random_bits, uniform
from synthetic_textcat.pipelines.attribute_sampling.streams import Ints, Streams, permuted, ranges, streams_of

_Floats = NDArray[np.float64]

_FINEST = 2**56  # a common denominator with which all sums stay below 2^63
_FITTED = 100  # rows with fitted odds: all rows, if shares are hundredths
_PANEL, _FITTINGS = 1024, 20
_LOOKAHEAD = 16


class Balanced:
    """Draws of values that keep to their shares.

    Args:
        shares: Of the values; they sum to 1.
    """

    def __init__(self, shares: Sequence[Fraction]) -> None:
        by_share: defaultdict[Fraction, list[int]] = defaultdict(list)
        for value, share in enumerate(shares):
            by_share[share].append(value)
        self.groups = [np.array(by_share[share], np.int32) for share in sorted(by_share)]
        self._apportionment = _apportionment(tuple(share * len(by_share[share]) for share in sorted(by_share)))

    @property
    def equal_weight_groups(self) -> tuple[Ints, Ints]:
        """For each value the first value of its group, and the number of values in it."""
        first, size = np.empty((2, sum(map(len, self.groups))), np.int64)
        for group in self.groups:
            first[group], size[group] = group[0], len(group)
        return first, size

    def draw(self, keys: Keys, counts: Ints) -> Ints:
        """The numbers of the values, flat: for each key its first rows."""
        group_of = self._apportionment.sequences(streams_of(keys, counts))
        drawn = np.empty(len(group_of), np.int32)
        stream = np.repeat(np.arange(len(keys), dtype=np.int32), counts)
        for number, values in enumerate(self.groups):
            rows = np.flatnonzero(group_of == number) if len(self.groups) > 1 else np.arange(len(group_of))
            turns = streams_of(derived(keys, "members", number), np.bincount(stream[rows], minlength=len(keys)))
            drawn[rows] = values[permuted(turns, len(values))]
        return drawn


class Apportionment:
    """Sequences of groups. A group's claim is counted in rows times the common denominator of the shares.

    Args:
        shares: Of the groups; they sum to 1. With a common denominator over 2^56 they are rounded to 2^-56.
        piece: Rows of a long sequence that are drawn one after the other.
    """

    def __init__(self, shares: Sequence[Fraction], piece: int = 256) -> None:
        self._piece = piece
        self._unit = min(lcm(*(share.denominator for share in shares)), _FINEST)
        parts = [-(-share.numerator * self._unit // share.denominator) for share in shares]
        parts[parts.index(max(parts))] -= sum(parts) - self._unit
        self._parts = np.array(parts, np.int64)[:, None]
        self._shares: _Floats = self._parts / self._unit
        self._factors: list[_Floats] = []
        self._panel = np.zeros((len(parts), _PANEL), np.int64)

    def sequences(self, streams: Streams) -> Ints:
        """The number of each row's group, flat."""
        groups = np.zeros(int(streams.counts.sum()), np.int16)
        if len(self._parts) == 1:
            return groups
        if self._unit <= _FITTED:  # then every group has its rows exactly, and all begins anew
            streams = streams.cut(self._unit)
        ordered, starts = streams.longest_first()
        owed = np.zeros((len(self._parts), len(starts)), np.int64)
        for step, active in ordered.in_step(_FITTED):
            drawn = uniform(ordered.keys[:active], ordered.offsets[:active] + step)
            groups[starts[:active] + step] = self._next(owed[:, :active], drawn, self._factor(step))
        longer = int(np.searchsorted(-ordered.counts, -_FITTED))
        if longer:
            keys, rest = ordered.keys[:longer], ordered.counts[:longer] - _FITTED
            places = np.repeat(starts[:longer] + _FITTED, rest) + ranges(rest)
            groups[places] = self._in_pieces(Streams(keys, rest, np.full(longer, _FITTED)), owed[:, :longer])
        return groups

    def _in_pieces(self, streams: Streams, owed: Ints) -> Ints:
        """The further rows of long sequences, all pieces at once, as if row by row.

        Each piece begins with a guess at what groups are owed. Where the end of the piece before differs from it, the
        piece is drawn again, until all ends meet. As a rule that is once: with the same draws, sequences fall in step.
        """
        pieces = streams.cut(self._piece)
        is_first = pieces.offsets == _FITTED
        begun = self._likely(pieces.offsets)
        begun[:, is_first] = owed
        groups = np.empty((len(is_first), self._piece), np.int16)
        ended, open_ = begun.copy(), np.arange(len(is_first))
        while open_.size:
            now, keys, offsets = begun[:, open_], pieces.keys[open_], pieces.offsets[open_]
            for step in range(self._piece):
                groups[open_, step] = self._next(now, uniform(keys, offsets + step), 1.0)
            ended[:, open_] = now
            before = np.where(is_first, begun, np.roll(ended, 1, axis=1))
            open_, begun = np.flatnonzero((before != begun).any(axis=0)), before
        drawn: Ints = groups[np.arange(self._piece) < pieces.counts[:, None]]
        return drawn

    def _likely(self, offsets: Ints) -> Ints:
        """Likely debts of the groups after the given numbers of rows, by largest remainders."""
        rows, number = np.unique(offsets, return_inverse=True)
        parts = self._parts[:, 0].tolist()
        owed = np.array([[row * part % self._unit for row in rows.tolist()] for part in parts], np.int64)
        rank = np.argsort(np.argsort(-owed, axis=0, kind="stable"), axis=0)
        owed -= self._unit * (rank < owed.sum(axis=0) // self._unit)
        return np.take(owed, number, axis=1)

    def _next(self, owed: Ints, drawn: _Floats, factor: _Floats | float) -> Ints:
        """Group of each sequence's next row; updates the debts of the groups in place."""
        owed += self._parts
        return self._chosen(owed, self._odds(owed) * factor, drawn)

    def _chosen(self, owed: Ints, odds: _Floats, drawn: _Floats) -> Ints:
        """Group by some odds, which from then on is owed one row less."""
        ends = np.cumsum(odds, axis=0)
        group: Ints = (ends <= drawn * ends[-1]).sum(axis=0)
        owed[group, np.arange(len(group))] -= self._unit
        return group

    def _odds(self, owed: Ints) -> _Floats:
        """Odds of each group for the next row, as if its place were uniform within the rest of its window."""
        part, share = owed / self._unit, self._shares
        begins = part < share  # the window does, within this row
        left = np.where(begins, 1 - share + part, 1 + share - part)
        return np.where(self._feasible(owed), np.where(begins, part, share) / np.maximum(left, 1e-9), 0.0)

    def _factor(self, step: int) -> _Floats:
        """Fitted factors for the odds of a step, per group.

        Iterative proportional fitting (Deming and Stephan 1940) to the shares, on a panel of sequences of its own. Its
        sums are of integers, so that their order can't decide a draw.
        """
        while len(self._factors) <= step:
            number = len(self._factors)
            self._panel += self._parts
            odds = self._odds(self._panel)
            factor, near = np.ones_like(self._shares), 1e-3 * self._shares
            for _ in range(_FITTINGS):
                chances = odds * factor
                chances /= chances.sum(axis=0)
                got = (chances * 2.0**40).astype(np.int64).sum(axis=1, keepdims=True) / (_PANEL * 2.0**40)
                if (np.abs(got - self._shares) <= near).all():
                    break
                factor *= self._shares / np.where(got > 0, got, self._shares)
            self._factors.append(factor)
            order = np.argsort(np.argsort(random_bits(np.arange(_PANEL, dtype=np.uint64), np.array([number]))))
            self._chosen(self._panel, odds * factor, (order + 0.5) / _PANEL)
        return self._factors[step]

    def _feasible(self, owed: Ints) -> NDArray[np.bool_]:
        """Whether, after the next row of a group, all rows can still be in time.

        If by some later row as many are due as there are rows until then, the next row must be one of these. Of up to
        three groups, none but this row can be such a one. With more, some rows ahead are looked at; after these all
        is well if the group is due by then, or is owed more than all others are ahead of their shares. Where no draw
        is known to be feasible, the group that is due first is.
        """
        unit, parts = self._unit, self._parts
        may = owed > 0
        if len(parts) <= 3:
            is_due = owed >= unit
            return np.where(is_due.any(axis=0), is_due, may)
        deadline = (unit - owed + parts - 1) // parts  # in rows after the next one
        later = owed.copy()
        latest = np.full(owed.shape[1], np.iinfo(np.int64).max)
        for ahead in range(_LOOKAHEAD):
            due = np.maximum(later // unit, 0).sum(axis=0)
            latest[(due > ahead) & (latest > ahead)] = ahead
            later += parts
        over = -np.minimum(later, 0).sum(axis=0)
        found: NDArray[np.bool_] = may & (deadline <= latest) & ((deadline <= _LOOKAHEAD) | (later > over))
        first = np.where(may, deadline, np.iinfo(np.int64).max).argmin(axis=0)
        none = np.flatnonzero(~found.any(axis=0))
        found[first[none], none] = True
        return found


@lru_cache(maxsize=512)
def _apportionment(shares: tuple[Fraction, ...]) -> Apportionment:
    """Apportionment of groups, shared by all values with such groups: fitting its odds takes longer than drawing."""
    return Apportionment(shares)
