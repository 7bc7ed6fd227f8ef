"""Label sets of rows: every prefix of a task's rows has each label within one of its expected count.

Rows are given sizes first. A label is then expected in a row by its probability in a set of that size, and its count is
the sum of these so far, rounded down or up: sequential rounding of a matrix whose rows sum to the sizes. Without
excluded pairs a solution exists and can be found row by row, since counts and sizes are two nested families (Pfair
scheduling: Baruah, Cohen, Plaxton and Varvel 1996). Their algorithm PF takes the labels whose rounded counts rise
soonest in the rows ahead, compared row by row; here the rates differ by row.

Rows are drawn in blocks. A block is kept if PF finds sets for the rows after it; otherwise, or if a pair of labels is
far from its share, it is drawn again, and at last by PF. Excluded pairs can make windows of one row impossible: then
the set with the labels furthest behind is taken. Long sequences are cut into pieces, which end by PF, so that the
pieces meet as those of `apportionment` do.
"""

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import NamedTuple

import numpy as np

from synthetic_textcat.hashing import Keys, derived, random_bits
from synthetic_textcat.pipelines.attribute_sampling.apportionment import Balanced
from synthetic_textcat.pipelines.attribute_sampling.joint_labels import JointLabels
from synthetic_textcat.pipelines.attribute_sampling.listed_sets import Draws
from synthetic_textcat.pipelines.attribute_sampling.pfair import AHEAD, SizedRows, Windows, whole_parts
from synthetic_textcat.pipelines.attribute_sampling.set_choices import SetChoices
from synthetic_textcat.pipelines.attribute_sampling.streams import (
    Bools,
    Floats,
    Ints,
    Streams,
    independent,
    ranges,
    streams_of,
)

PIECE = 1_024
"""Rows after which pairs are counted anew."""

_FIRST, _BLOCK = 4, 16  # rows of the first block, and a multiple of which the later ones end at
_WARM_UP = 32  # rows by PF from which the state at the start of a piece is guessed
_FINEST = 2**38  # a common denominator with which sums over 2^24 rows stay below 2^63
_FOR_PAIRS, _FOR_WINDOWS = range(3), range(3, 32)  # further attempts
_NEAR = 2.5  # rows by which a pair may be off at the end of a block before it is drawn again
_LOT_BITS = 20
_HELD = 300_000  # numbers of each kind that are held at once


class _State(NamedTuple):
    """Counts of the labels (down) in each sequence (across), and rows by which each pair is behind its share."""

    counts: Ints
    debts: Floats

    def take(self, columns: Ints | slice) -> "_State":
        return _State(self.counts[:, columns].copy(), self.debts[:, columns].copy())


class _Drawn(NamedTuple):
    """Rows of a block: mask of the labels by row, label and sequence; the state after them, and rows without a set."""

    chosen: Bools
    state: _State
    failed: Ints

    @property
    def cost(self) -> Floats:
        """Sum of the squared debts of each sequence, added in the order of a sequence that is alone."""
        cost: Floats = np.ascontiguousarray((self.state.debts**2).T).sum(axis=1)
        return cost

    @property
    def cost_of_attempts(self) -> Floats:
        """The same, added pair by pair as sequences side by side are: costs that are equal may differ in rounding."""
        cost: Floats = np.cumsum(self.state.debts**2, axis=0)[-1]
        return cost

    def replace(self, columns: Ints, other: "_Drawn", own: Ints, cost: Floats) -> None:
        """Takes over sequences of another drawing of the rows, where it has sets for more rows, or nearer pairs.

        Args:
            columns: The sequences.
            other: The other drawing.
            own: The sequences in it.
            cost: Its costs.
        """
        failed, had = other.failed[own], self.failed[columns]
        is_better = (failed < had) | ((failed == had) & (cost[own] < self.cost[columns]))
        columns, own = columns[is_better], own[is_better]
        self.chosen[:, :, columns] = other.chosen[:, :, own]
        self.state.counts[:, columns], self.state.debts[:, columns] = (values[:, own] for values in other.state)
        self.failed[columns] = other.failed[own]


class LabelSets:
    """Draws of label sets from one joint distribution.

    Args:
        joint: The distribution of the sets of each size.
        sizes: Share of each size; they sum to 1.
        is_exact: Whether counts keep to their shares; otherwise each row is drawn for itself.
    """

    def __init__(self, joint: JointLabels, sizes: Mapping[int, Fraction], *, is_exact: bool) -> None:
        self._sizes, self._is_exact = sorted(sizes), is_exact
        self._size_shares = tuple(sizes[size] for size in self._sizes)
        shares = [joint.inclusion[size] for size in self._sizes]
        self._unit = min(lcm(*(share.denominator for own in shares for share in own)), _FINEST)
        self._parts = np.array([whole_parts(own, self._unit) for own in shares], np.int64).T
        self._weights: Floats = np.array([float(weight / max(joint.weights)) for weight in joint.weights])
        together = [[float(share) for share in joint.together[size]] for size in self._sizes]
        self._together: Floats = np.array(together).T.reshape(-1, len(self._sizes))
        self._choices = SetChoices(joint, self._sizes)

    def draw(self, keys: Keys, counts: Ints) -> Bools:
        """Mask of the labels (across) of each row (down), flat: for each key its first rows.

        Args:
            keys: Of the sequences.
            counts: Rows of each.
        """
        set_keys, size_keys = derived(keys, "labels"), derived(keys, "labels_per_text")
        if not self._is_exact:
            return self._independent(streams_of(set_keys, counts), streams_of(size_keys, counts))
        longer = np.where(counts <= _FIRST, _FIRST, -(-counts // _BLOCK) * _BLOCK) + AHEAD
        rows = SizedRows(self._balanced_sizes.draw(size_keys, longer), np.cumsum(longer) - longer, len(self._sizes))
        pieces = streams_of(set_keys, counts).cut(PIECE)
        first = np.repeat(rows.starts, -(-counts // PIECE)) + pieces.offsets
        before = rows.sizes_before(first, first - pieces.offsets)
        begun, ended = np.zeros((2, len(self._weights), len(first)), np.int64)
        later = np.flatnonzero(pieces.offsets)
        if later.size:
            begun[:, later] = self._likely(rows, first[later], before[:, later])
        chosen = np.empty((int(counts.sum()), len(self._weights)), np.bool_)
        starts, open_ = np.cumsum(pieces.counts) - pieces.counts, np.argsort(-pieces.counts, kind="stable")
        while open_.size:
            for start in range(0, len(open_), self._at_once):
                own = open_[start : start + self._at_once]
                part = Streams(*(values[own] for values in pieces))
                ended[:, own] = self._sequences(
                    part, rows, first[own], self._parts @ before[:, own], begun[:, own], chosen, starts[own]
                )
            met = np.where(pieces.offsets == 0, begun, np.roll(ended, 1, axis=1))
            differs = (met != begun).any(axis=0)
            begun, open_ = met, np.flatnonzero(differs)[np.argsort(-pieces.counts[differs], kind="stable")]
        return chosen

    @cached_property
    def _balanced_sizes(self) -> Balanced:
        return Balanced(self._size_shares)

    @cached_property
    def _at_once(self) -> int:
        """Sequences drawn at once."""
        return max(32, _HELD // self._choices.width)

    def _independent(self, streams: Streams, size_streams: Streams) -> Bools:
        """Independent draws."""
        size, places = independent(size_streams, self._size_shares), ranges(streams.counts)
        keys, chosen = np.repeat(streams.keys, streams.counts), np.zeros((len(size), len(self._weights)), np.bool_)
        for start in range(0, len(size), self._at_once):
            part = slice(start, start + self._at_once)
            odds = np.repeat(self._weights[:, None], len(size[part]), axis=1)
            must, debts = np.zeros(odds.shape, np.bool_), np.zeros((len(self._together), odds.shape[1]))
            draws = Draws(keys[part], places[part])
            for choice, own in self._choices.of(size[part]):
                of_own = Draws(draws.keys[own], draws.places[own])
                sets, _ = choice.drawn(odds[:, own], must[:, own], debts[:, own], of_own, size[part][own])
                chosen[part][own] = choice.labels_of(sets).T
        return chosen

    def _likely(self, rows: SizedRows, first: Ints, before: Ints) -> Ints:
        """Likely counts of the labels before some rows: by largest remainders, then by PF for some rows."""
        sizes = rows.window(first - _WARM_UP, 0, _WARM_UP + AHEAD)
        earlier = before - np.array([(sizes[:_WARM_UP] == number).sum(axis=0) for number in range(len(self._sizes))])
        total = self._parts @ earlier
        counts = total // self._unit
        rest = total - counts * self._unit
        rank = np.argsort(np.argsort(-rest, axis=0, kind="stable"), axis=0)
        counts += rank < rest.sum(axis=0) // self._unit
        state = _State(counts, np.zeros((len(self._together), len(first))))
        windows = Windows(self._parts, self._unit, sizes, total)
        for row in range(_WARM_UP):
            self._step(windows, row, state, None)
        return state.counts

    def _sequences(
        self, pieces: Streams, rows: SizedRows, first: Ints, total: Ints, begun: Ints, chosen: Bools, starts: Ints
    ) -> Ints:
        """Draws pieces, which are sorted by falling length, into `chosen`; the counts of the labels at their ends.

        Args:
            pieces: The pieces.
            rows: Sizes of all rows.
            first: Place of each piece's first row among these.
            total: Expected counts of the labels before each piece, in parts of the unit.
            begun: Counts of the labels before each piece.
            chosen: Mask of the labels of all rows.
            starts: Place of each piece's first row in it.
        """
        ended, start = begun.copy(), 0
        state = _State(begun.copy(), np.zeros((len(self._together), len(first))))
        while active := int(np.searchsorted(-pieces.counts, -start)):
            state, total = state.take(slice(active)), total[:, :active]
            end = start + _BLOCK - start % _BLOCK if start else _FIRST
            sizes = rows.window(first[:active], start, end + AHEAD)
            windows = Windows(self._parts, self._unit, sizes, total)
            draws = Draws(pieces.keys[:active], pieces.offsets[:active] + start)
            drawn = self._block(windows, state, end - start, draws, by_urgency=end == PIECE)
            for row in range(start, min(end, int(pieces.counts[0]))):
                goes_on = int(np.searchsorted(-pieces.counts, -row))
                chosen[starts[:goes_on] + row] = drawn.chosen[row - start, :, :goes_on].T
            state, total, start = drawn.state, windows.total[end - start], end
            ended[:, :active] = state.counts
        return ended

    def _block(self, windows: Windows, state: _State, rows: int, draws: Draws, *, by_urgency: bool) -> _Drawn:
        """Draws the next rows of sequences, and again where no set fits or pairs are far off; the best is kept."""
        best = self._attempt(windows, state, rows, None if by_urgency else draws)
        is_far = np.abs(best.state.debts).max(axis=0, initial=0) > (np.inf if by_urgency else _NEAR)
        self._draw_again(np.flatnonzero((best.failed > 0) | is_far), best, windows, state, rows, draws, _FOR_PAIRS)
        self._draw_again(np.flatnonzero(best.failed), best, windows, state, rows, draws, _FOR_WINDOWS)
        failed = np.flatnonzero(best.failed)
        if failed.size:
            ties = Draws(draws.keys[failed], draws.places[failed])
            by_pf = self._attempt(windows.take(failed), state.take(failed), rows, None, ties)
            best.replace(failed, by_pf, np.arange(len(failed)), by_pf.cost)
        return best

    def _draw_again(
        self, again: Ints, best: _Drawn, windows: Windows, state: _State, rows: int, draws: Draws, attempts: range
    ) -> None:
        """Draws some sequences' next rows by other random numbers, in all attempts at once; keeps what is better."""
        at_once = max(1, self._at_once // len(attempts))
        for own in np.split(again, range(at_once, len(again), at_once)) if again.size else ():
            columns = np.repeat(own, len(attempts))
            numbers = np.tile(np.array(attempts, np.uint64), len(own))
            other_draws = Draws(derived(draws.keys[columns] + numbers, "again"), draws.places[columns])
            other = self._attempt(windows.take(columns), state.take(columns), rows, other_draws)
            cost = other.cost_of_attempts
            order = np.lexsort((numbers, cost, other.failed, columns))
            best.replace(own, other, order[:: len(attempts)], cost)

    def _attempt(
        self, windows: Windows, state: _State, rows: int, draws: Draws | None, ties: Draws | None = None
    ) -> _Drawn:
        """Draws the next rows once, and tries the rows after them by PF; without draws all by PF, ties by lot."""
        state = state.take(slice(None))
        chosen, failed = np.zeros((rows, *state.counts.shape), np.bool_), np.zeros(state.counts.shape[1], np.int64)
        for row in range(rows):
            of_row, of_ties = (None if own is None else Draws(own.keys, own.places + row) for own in (draws, ties))
            chosen[row], lacks = self._step(windows, row, state, of_row, of_ties)
            failed += (AHEAD + 1) * lacks  # a row of the block weighs more than all rows after it
        after = state.take(slice(None))
        for row in range(rows, rows + AHEAD):
            failed += self._step(windows, row, after, None)[1]
        return _Drawn(chosen, state, failed)

    def _step(
        self, windows: Windows, row: int, state: _State, draws: Draws | None, ties: Draws | None = None
    ) -> tuple[Bools, Bools]:
        """Mask of the labels of each sequence's next row, and of the sequences without a set; updates the state."""
        must, may = windows.bounds(row, state.counts)
        odds = None if draws is None else np.where(may, windows.tilt(row) * self._weights[:, None], 0.0)
        if odds is not None:
            odds[must] = 1.0
        urgency = windows.urgency[row]
        if ties is not None:
            lots = random_bits(ties.keys + np.arange(len(urgency), dtype=np.uint64)[:, None], ties.places)
            urgency = urgency * 2**_LOT_BITS + (lots >> np.uint64(64 - _LOT_BITS)).astype(np.int64)
        chosen, failed = np.zeros(state.counts.shape, np.bool_), np.zeros(state.counts.shape[1], np.bool_)
        for choice, own in self._choices.of(windows.sizes[row]):
            sizes = windows.sizes[row, own]
            if odds is None or draws is None:
                sets, lacks = choice.most_urgent(urgency[:, own], may[:, own], must[:, own], sizes)
            else:
                of_own = Draws(draws.keys[own], draws.places[own])
                sets, lacks = choice.drawn(odds[:, own], must[:, own], state.debts[:, own], of_own, sizes)
            for place in np.flatnonzero(lacks).tolist():
                behind = windows.behind(row, state.counts, np.arange(len(failed))[own][place])
                sets[..., place] = choice.number_of(self._choices.nearest(sizes[place], behind))
            failed[own], chosen[:, own] = lacks, choice.labels_of(sets)
            if draws is not None or ties is not None:
                debts = state.debts[:, own]
                debts += self._together[:, sizes]
                np.subtract(debts, choice.pairs_of(sets), out=debts)
                state.debts[:, own] = debts
        np.add(state.counts, chosen, out=state.counts)
        return chosen, failed
