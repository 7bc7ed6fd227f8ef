"""Draws of label sets: every prefix of a task's rows holds each label within one of its share.

WIP docstring.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from math import comb, lcm
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthetic_textcat.hashing import Keys, derived, random_bits, uniform
from synthetic_textcat.pipelines.attribute_sampling.apportionment import Balanced
from synthetic_textcat.pipelines.attribute_sampling.joint_labels import JointLabels
from synthetic_textcat.pipelines.attribute_sampling.streams import Ints, Streams, independent, ranges, streams_of

_Floats = NDArray[np.float64]
_Bools = NDArray[np.bool_]

_FINEST = 2**38
_AHEAD = 12
_BLOCK = 16
_FIRST = 4
_PIECE = 4096
_WARM_UP = 32
_MOST_SETS = 250
_AT_ONCE = 40_000
_ATTEMPTS = 64
_STEEP = 2
_NEAR = 2.5
_FOR_PAIRS = 3


class LabelSets:
    def __init__(self, joint: JointLabels, size_shares: Mapping[int, Fraction], *, is_exact: bool) -> None:
        self._sizes = sorted(size_shares)
        self._size_shares = tuple(size_shares[size] for size in self._sizes)
        self._is_exact = is_exact
        self._balanced = Balanced(self._size_shares) if is_exact else None
        labels = len(joint.weights)
        self.labels = labels
        shares = [joint.inclusion[size] for size in self._sizes]
        self._unit = min(lcm(*(share.denominator for own in shares for share in own)), _FINEST)
        self._parts = np.array([_parts(own, size, self._unit) for own, size in zip(shares, self._sizes, strict=True)], np.int64).T
        top = max(joint.weights)
        self._weights: _Floats = np.array([float(w / top) for w in joint.weights])
        self._together: _Floats = np.array([[float(x) for x in joint.together[size]] for size in self._sizes]).T.reshape(-1, len(self._sizes))
        self._pair_weights = np.ones(comb(labels, 2))
        number = {pair: place for place, pair in enumerate(combinations(range(labels), 2))}
        for pair, weight in joint.pairs.items():
            self._pair_weights[number[pair]] = float(weight)
        self._number = np.zeros((labels, labels), np.int64)
        for (a, b), place in number.items():
            self._number[a, b] = self._number[b, a] = place
        self._tables = [_table(labels, size, self._number) for size in self._sizes]
        self.violations = 0
        self.redone = 0
        self.blocks = 0
        self.redo = 0

    def draw(self, keys: Keys, counts: Ints) -> tuple[Ints, _Bools]:
        if self._balanced is None:
            raise NotImplementedError
        longer = _ends(counts) + _AHEAD
        sizes = self._balanced.draw(derived(keys, "labels_per_text"), longer)
        starts = np.cumsum(longer) - longer
        pieces = streams_of(derived(keys, "labels"), counts).cut(_PIECE)
        stream = np.repeat(np.arange(len(keys)), -(-counts // _PIECE))
        first = starts[stream] + pieces.offsets
        before = self._sizes_before(sizes, starts[stream], first)
        taken = np.zeros((int(counts.sum()), self.labels), bool)
        ends = np.empty((self.labels, len(stream)), np.int64)
        begun = np.zeros((self.labels, len(stream)), np.int64)
        later = np.flatnonzero(pieces.offsets)
        if later.size:
            begun[:, later] = self._likely(pieces.keys[later], sizes, first[later], before[:, later])
        flat = np.cumsum(pieces.counts) - pieces.counts
        open_ = np.arange(len(stream))
        while open_.size:
            open_ = open_[np.argsort(-pieces.counts[open_], kind="stable")]
            start = 0
            at_once = max(1, _AT_ONCE // self.labels)
            while start < len(open_):
                own = open_[start : start + at_once]
                self._draw_pieces(own, pieces, first, flat, before, begun, sizes, taken, ends)
                start += at_once
            actual = np.where(pieces.offsets == 0, begun, np.roll(ends, 1, axis=1))
            open_ = np.flatnonzero((actual != begun).any(axis=0))
            self.redone += len(open_)
            begun = actual
        return sizes[np.repeat(starts, counts) + ranges(counts)], taken

    def _sizes_before(self, sizes: Ints, starts: Ints, first: Ints) -> Ints:
        """Rows of each size before each piece."""
        found = np.empty((len(self._sizes), len(starts)), np.int64)
        for number in range(len(self._sizes)):
            sums = np.concatenate([[0], np.cumsum(sizes == number)])
            found[number] = sums[first] - sums[starts]
        return found

    def _likely(self, keys: Keys, sizes: Ints, first: Ints, before: Ints) -> Ints:
        """Likely counts at the start."""
        back = before.copy()
        window = sizes[(first - _WARM_UP)[None, :] + np.arange(_WARM_UP + _AHEAD)[:, None]]
        for number in range(len(self._sizes)):
            back[number] -= (window[:_WARM_UP] == number).sum(axis=0)
        owed = self._parts @ back
        counts = owed // self._unit
        rest = owed - counts * self._unit
        rank = np.argsort(np.argsort(-rest, axis=0, kind="stable"), axis=0)
        counts += rank < rest.sum(axis=0) // self._unit
        block = _Block(self, window, owed)
        state = _State(counts, np.zeros((len(self._pair_weights), len(first))))
        for row in range(_WARM_UP):
            self._step(block, row, state, None, None)
        return state.counts

    def _draw_pieces(self, own, pieces, first, flat, before, begun, sizes, taken, ends) -> None:
        counts = pieces.counts[own]
        total = self._parts @ before[:, own]
        state = _State(begun[:, own].copy(), np.zeros((len(self._pair_weights), len(own))))
        start = 0
        while True:
            active = int(np.searchsorted(-counts, -start))
            if not active:
                break
            if active < state.counts.shape[1]:
                ends[:, own[active : state.counts.shape[1]]] = state.counts[:, active:]
                state = _State(state.counts[:, :active], state.debts[:, :active])
                total = total[:, :active]
            is_first = pieces.offsets[own[:active]] == 0
            end = start + _BLOCK if start else _FIRST
            if start == _FIRST:
                end = _BLOCK
            window = sizes[first[own[:active]][None, :] + np.arange(start, end + _AHEAD)[:, None]]
            block = _Block(self, window, total)
            keys = pieces.keys[own[:active]]
            offsets = pieces.offsets[own[:active]] + start
            is_last = end >= _PIECE  # falls in step
            chosen, after = self._rows(block, state, end - start, keys, offsets, is_last)
            total = block.total[end - start]
            state = after
            for row in range(end - start):
                now = int(np.searchsorted(-counts, -(start + row)))
                taken[flat[own[:now]] + start + row] = chosen[row][:, :now].T
            start = end
        if state.counts.shape[1]:
            ends[:, own[: state.counts.shape[1]]] = state.counts

    def _rows(self, block, state, rows, keys, offsets, is_last):
        self.blocks += state.counts.shape[1]
        if is_last:
            chosen, after, _ = self._attempt(block, state, rows, None, None)
            return chosen, after
        chosen, after, bad = self._attempt(block, state, rows, keys, offsets)
        cost, off = (after.debts**2).sum(axis=0), np.abs(after.debts).max(axis=0, initial=0)
        for attempt in range(_ATTEMPTS):
            again = np.flatnonzero((bad > 0) | ((off > _NEAR) & (attempt < _FOR_PAIRS)))
            if not again.size:
                break
            k2 = None if attempt + 1 == _ATTEMPTS else derived(keys[again], "attempt", attempt)
            c2, a2, b2 = self._attempt(block.take(again), state.take(again), rows, k2, offsets[again])
            cost2 = (a2.debts**2).sum(axis=0)
            better = (b2 < bad[again]) | ((b2 == bad[again]) & (cost2 < cost[again]))
            again, cols = again[better], np.flatnonzero(better)
            chosen[:, :, again] = c2[:, :, cols]
            after.counts[:, again] = a2.counts[:, cols]
            after.debts[:, again] = a2.debts[:, cols]
            bad[again], cost[again], off[again] = b2[cols], cost2[cols], np.abs(a2.debts[:, cols]).max(axis=0, initial=0)
            self.redo += len(better)
        self.violations += int((bad > 0).sum())
        return chosen, after

    def _attempt(self, block, state, rows, keys, offsets):
        state = _State(state.counts.copy(), state.debts.copy())
        chosen = np.zeros((rows, *state.counts.shape), bool)
        bad = np.zeros(state.counts.shape[1], np.int64)
        for row in range(rows):
            chosen[row], failed = self._step(block, row, state, keys, None if keys is None else offsets + row)
            bad += failed * 100
        after = _State(state.counts.copy(), state.debts.copy())
        for row in range(rows, rows + _AHEAD):
            _, failed = self._step(block, row, state, None, None, debts=False)
            bad += failed
        return chosen, after, bad

    def _step(self, block, row, state, keys, places, debts=True):
        """Chooses the labels of a row; updates counts and debts in place."""
        labels, streams = state.counts.shape
        size_of = block.sizes[row]
        new, part = block.total[row + 1], block.parts[row]
        low, rest = block.floor[row + 1], block.rest[row + 1]
        old_rest = block.rest[row]
        must = state.counts < low
        must |= part == self._unit
        may = (state.counts < low + (rest > 0)) & (part > 0)
        if keys is not None:
            crossing = low > block.floor[row]
            tilt = np.where(crossing, rest / np.maximum(part, 1), (self._unit - part) / (self._unit - rest))
            odds = np.where(must, 1.0, tilt) * self._weights[:, None]
            odds[~may] = 0.0
            drawn = uniform(keys, places)
        else:
            code = block.codes[row]
            rank = np.argsort(np.argsort(code, axis=0, kind="stable"), axis=0)
            odds = np.where(may, 2.0**rank, 0.0)
            drawn = None
        chosen = np.zeros((labels, streams), bool)
        failed = np.zeros(streams, bool)
        for number, size in enumerate(self._sizes):
            cols = np.flatnonzero(size_of == number)
            if not cols.size or not size:
                if cols.size:
                    failed[cols] = must[:, cols].any(axis=0)
                continue
            table = self._tables[number]
            whole = len(cols) == streams
            o, m = (odds, must) if whole else (odds[:, cols], must[:, cols])
            needed = m.sum(axis=0)
            has = m.astype(np.int8)
            if keys is not None:
                weight = o[table.members[0]]
                has_must = has[table.members[0]]
                for members in table.members[1:]:
                    weight = weight * o[members]
                    has_must = has_must + has[members]
                if size > 1:
                    d = state.debts if whole else state.debts[:, cols]
                    steps = np.rint(_STEEP * d).astype(np.int32)
                    steep = steps[table.pairs[0]]
                    weight *= self._pair_weights[table.pairs[0]][:, None]
                    for pairs in table.pairs[1:]:
                        steep = steep + steps[pairs]
                        weight *= self._pair_weights[pairs][:, None]
                    weight[has_must != needed] = 0.0
                    steep -= np.where(weight > 0, steep, -10**6).max(axis=0)
                    weight = np.ldexp(weight, np.maximum(steep, -100))
                weight[has_must != needed] = 0.0
                ends = np.cumsum(weight, axis=0)
                place = (ends <= (drawn if whole else drawn[cols]) * ends[-1]).sum(axis=0)
                none = np.flatnonzero(ends[-1] <= 0)
            else:
                score = o[table.members[0]].copy()
                ok = (o[table.members[0]] > 0)
                has_must = has[table.members[0]]
                for members in table.members[1:]:
                    score += o[members]
                    ok &= o[members] > 0
                    has_must = has_must + has[members]
                for pairs in table.pairs:
                    ok &= (self._pair_weights[pairs] > 0)[:, None]
                ok &= has_must == needed
                score[~ok] = -1.0
                place = score.argmax(axis=0)
                none = np.flatnonzero(~ok.any(axis=0))
            if none.size:
                failed[cols[none]] = True
                lag = ((new[:, cols[none]] / self._unit) - state.counts[:, cols[none]])
                lag = np.where(part[:, cols[none]] > 0, lag**3, -1e9)
                score = np.zeros((len(table.members[0]), none.size))
                for members in table.members:
                    score += lag[members]
                for pairs in table.pairs:
                    score[self._pair_weights[pairs] == 0] = -np.inf
                place[none] = score.argmax(axis=0)
            for members in table.members:
                chosen[members[place], cols] = True
            if debts and table.pairs:
                state.debts[:, cols] += self._together[:, number][:, None]
                for pairs in table.pairs:
                    state.debts[pairs[place], cols] -= 1
        np.add(state.counts, chosen, out=state.counts)
        return chosen, failed


class _State(NamedTuple):
    counts: Ints
    debts: _Floats

    def take(self, columns):
        return _State(self.counts[:, columns], self.debts[:, columns])


class _Table(NamedTuple):
    members: list[Ints]
    pairs: list[Ints]


def _table(labels, size, number):
    sets = np.array(list(combinations(range(labels), size)), np.int64).reshape(comb(labels, size), size)
    return _Table([sets[:, j] for j in range(size)], [number[sets[:, i], sets[:, j]] for i, j in combinations(range(size), 2)])


class _Block:
    def __init__(self, owner, sizes, total, arrays=None):
        if arrays is not None:
            self.sizes, self.total, self.parts, self.floor, self.rest, self.codes = arrays
            return
        self.sizes = sizes
        unit = owner._unit
        self.parts = np.moveaxis(owner._parts[:, sizes], 0, 1)
        self.total = np.concatenate([total[None], total[None] + np.cumsum(self.parts, axis=0)])
        self.floor = self.total // unit
        self.rest = self.total - self.floor * unit
        highest = 3 ** (_AHEAD - 1)
        even = (3**_AHEAD - 1) // 2
        rows = len(sizes)
        self.codes = np.empty(self.parts.shape, np.int64)
        code = np.full(total.shape, even, np.int64)
        for row in reversed(range(rows)):
            self.codes[row] = code  # of the rows after this one
            crossing = self.floor[row + 1] > self.floor[row]
            stops = self.rest[row + 1] == 0
            digit = np.where(stops & crossing, 1, np.where(crossing, 2, 0))
            code = digit * highest + np.where(stops & crossing, even // 3, code // 3)

    def take(self, columns):
        return _Block(None, None, None, (self.sizes[:, columns], self.total[:, :, columns], self.parts[:, :, columns], self.floor[:, :, columns], self.rest[:, :, columns], self.codes[:, :, columns]))


def _parts(shares: Sequence[Fraction], size: int, unit: int) -> list[int]:
    parts = [share.numerator * unit // share.denominator for share in shares]
    rest = sorted(range(len(shares)), key=lambda n: (parts[n] - shares[n] * unit, n))
    for n in rest[: size * unit - sum(parts)]:
        parts[n] += 1
    return parts


def _ends(counts: Ints) -> Ints:
    """Ends of the last blocks."""
    return np.where(counts <= _FIRST, _FIRST, -(-counts // _BLOCK) * _BLOCK)
