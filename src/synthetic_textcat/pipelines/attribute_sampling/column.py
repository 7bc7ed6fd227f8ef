"""One column of a task's rows: drawn in one strand, or rows with some label in a strand of their own."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice, repeat

from synthetic_textcat.pipelines.attribute_sampling.balance import Draws

Value = str | None
Values = list[Value]
Strand = str | None
"""A label whose rows have a sequence of their own; None: that of all other rows."""

Sources = Mapping[Strand, Draws[str] | None]
"""What each strand is drawn from; None: its rows have no value."""

REACH = 32
"""How many rows further on a row may exchange with, at most."""


class Column:
    """A column that grows row by row, and whose rows can exchange values within a block.

    A block is a run of a strand's rows that have each value of a group of kin once.

    Args:
        sources: Of its strands.
        key: A strand's sequence is a function of this and its label.
    """

    def __init__(self, sources: Sources, *key: object) -> None:
        self.values: Values = []
        self._strands: list[Strand] = []
        self._sources = sources
        self._key = key
        self._sequences: dict[Strand, Iterator[Value]] = {}

    def extend(self, labels: Sequence[Value]) -> None:
        """Draws further rows, which have these labels."""
        if len(self._sources) == 1 and None in self._sources:
            self._strands += [None] * len(labels)
            self.values += islice(self._sequence(None), len(labels))
            return
        strands = [label if label in self._sources else None for label in labels]
        sequences = {strand: self._sequence(strand) for strand in dict.fromkeys(strands)}
        self._strands += strands
        self.values += [next(sequences[strand]) for strand in strands]

    def kin(self, row: int) -> tuple[Value, ...]:
        """The values that the row's own is kin to, itself among them."""
        return self._kin_of[self._strands[row]][self.values[row]]

    @cached_property
    def groups(self) -> list[Value]:
        """For each row what names the group of its value's kin; no exchange changes it."""
        first = {strand: {value: kin[0] for value, kin in of.items()} for strand, of in self._kin_of.items()}
        return [first[strand][value] for strand, value in zip(self._strands, self.values, strict=True)]

    def later(self, row: int) -> Iterator[int]:
        """The rows of the same block that come after this one."""
        strand, group = self._strands[row], self.groups[row]
        to_come = len(self.kin(row)) - self._turns[row] % len(self.kin(row)) - 1
        among = range(row + 1, min(row + REACH + 1, len(self.values)))
        return islice(
            (other for other in among if self.groups[other] == group and self._strands[other] == strand), to_come
        )

    def exchange(self, row: int, other: int) -> None:
        """Two rows of a block exchange their values."""
        self.values[row], self.values[other] = self.values[other], self.values[row]

    @cached_property
    def _turns(self) -> list[int]:
        """For each row how many of its strand and group stand before it."""
        had: Counter[tuple[Strand, Value]] = Counter()
        turns = []
        for family in zip(self._strands, self.groups, strict=True):
            turns.append(had[family])
            had[family] += 1
        return turns

    @cached_property
    def _kin_of(self) -> Mapping[Strand, Mapping[Value, tuple[Value, ...]]]:
        """For each strand the kin of each of its values."""
        found: dict[Strand, dict[Value, tuple[Value, ...]]] = {}
        for strand, value in set(zip(self._strands, self.values, strict=True)):
            draws = self._sources[strand]
            found.setdefault(strand, {})[value] = (value,) if draws is None or value is None else draws.kin(value)
        return found

    def _sequence(self, strand: Strand) -> Iterator[Value]:
        if strand not in self._sequences:
            draws = self._sources[strand]
            self._sequences[strand] = repeat(None) if draws is None else draws.sequence(*self._key, *self._tag(strand))
        return self._sequences[strand]

    def _tag(self, strand: Strand) -> tuple[str, ...]:
        """What a strand's key has beside the column's."""
        if strand is None:
            return ()
        return (strand, "label") if None in self._sources else (strand,)  # a label may be called like a group: "0"
