"""The shard of a row depends on its id and the number of shards; names of files say whose they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.hashing import short_id
from synthetic_textcat.llm.shards.partition import (
    MOST_SHARDS,
    ShardFile,
    default_shards,
    journal_name,
    new_owner,
    shards_of,
)
from tests.support.each_case import each_of


@given(st.lists(st.integers(0, 2**80 - 1), max_size=20), st.integers(1, MOST_SHARDS))
def test_a_rows_shard_is_its_first_32_bits_as_a_share_of_the_shards(numbers: list[int], shards: int) -> None:
    ids = [f"{number:020x}" for number in numbers]
    assert shards_of(ids, shards).tolist() == [int(each[:8], 16) * shards >> 32 for each in ids]


def test_the_first_and_the_last_id_are_in_the_first_and_the_last_shard() -> None:
    for shards in (1, 7, MOST_SHARDS):
        assert shards_of(["0" * 20, "f" * 20], shards).tolist() == [0, shards - 1]


def test_shards_have_about_as_many_rows() -> None:
    numbers = shards_of([short_id(number) for number in range(20_000)], 20).tolist()
    assert all(900 < numbers.count(shard) < 1_100 for shard in range(20))


@pytest.mark.parametrize(("shard", "shards"), [(0, 1), (41, 42), (MOST_SHARDS - 1, MOST_SHARDS)])
def test_a_journals_name_says_which_shard_of_how_many_it_is_and_whose(shard: int, shards: int) -> None:
    owner = new_owner(shards)
    assert ShardFile.of(journal_name(shard, owner)) == (shard, shards, owner)
    assert new_owner(shards) != owner


@each_of("name", ["shard-00000.owner", "run.owner", "completions.jsonl", "shard-1.of2-a.jsonl", ""])
def test_other_files_are_no_journals_of_a_shard(name: str) -> None:
    assert ShardFile.of(name) is None


@each_of(
    ("slots", "rows", "shards"), [(1, 20_000, 32), (3, 20_000, 40), (4, 300, 4), (4, 2, 2), (64, 100_000_000, 2_048)]
)
def test_there_are_up_to_32_shards_a_worker_of_500_rows_or_more(slots: int, rows: int, shards: int) -> None:
    assert default_shards(slots, rows) == shards
