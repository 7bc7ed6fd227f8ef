"""MinHash sketches: windows of characters hashed in place, and outlines of digests that never miss a promising pair."""

import numpy as np
from rensa import RMinHash

from synthetic_textcat.text.bucket_members import Likeness
from synthetic_textcat.text.minhash import GRAM, PERMUTATIONS, mixed, outlines_of, sketches_of
from synthetic_textcat.text.sketched_texts import sketched


def test_a_long_text_has_the_sketch_of_its_windows_hashed_at_once() -> None:
    codes = np.random.default_rng(5).integers(97, 0xD800, 40_000).astype(np.uint64)  # more than are hashed at once
    codes[::7] += np.uint64(0x10000)
    windows = mixed(np.lib.stride_tricks.sliding_window_view(codes, GRAM))
    ends = np.array([0, len(windows)], np.uint64)
    minima = RMinHash.digest_matrix_from_flat_token_hashes(windows, ends, PERMUTATIONS, 42).to_rows()[0]
    assert sketches_of(["".join(map(chr, codes.tolist()))], 32).digests[0].tolist() == [each & 0xFF for each in minima]


def test_each_promising_pair_is_possible_and_few_others_are() -> None:
    draws = np.random.default_rng(6)
    one = draws.integers(0, 256, (2_000, PERMUTATIONS), np.uint8)
    kept = draws.random((2_000, PERMUTATIONS)) < draws.random((2_000, 1))
    other = np.where(kept, one, draws.integers(0, 256, one.shape, np.uint8))
    likeness, rows = Likeness(sketched(["a text"], 0.6), 0.6), np.arange(2_000)
    promising = likeness.promising(one, rows, other, rows)
    possible = likeness.possible(outlines_of(one), rows, outlines_of(other), rows)
    assert promising.any()
    assert possible[promising].all()
    assert possible.mean() < 0.9
    assert likeness.possible(outlines_of(one), rows, outlines_of(other), rows[::-1]).mean() < 0.01
