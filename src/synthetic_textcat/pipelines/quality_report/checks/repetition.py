"""Repetition within texts: loops of lines, phrases or words, and texts that compress too well for their length.

A position of a text is repeated if the run of four words that begins there stands earlier in the text. In scripts
without spaces, runs of eight characters take the place of words. A loop shows as a large share of repeated positions; a
refrain, a list or a form has a smaller one. Two more bounds catch what has no such runs: one word that is a large part
of the text, and a compression ratio (zlib, level 6) below the lowest of 217,000 real texts of that length.
"""

import zlib
from collections import Counter

from synthetic_textcat.text.unicode import is_unspaced

_RUN = 4
_UNSPACED_RUN = 8
_FEWEST_WORDS = 12
_DISTINCT = 0.62  # share of distinct words from which no half of the runs can be repeated
_ONE_WORD = 0.3
_FEWEST_TIMES = 6
_LONG = 600  # bytes from which the compression ratio means something
_RATIO = 0.2
_QUOTED = 60


def find_repetition(text: str, words: list[str], most: float | None) -> str | None:
    """The part of a text that it repeats, if that is more than a share of it.

    Args:
        text: Normalised.
        words: Its pieces between spaces.
        most: Share of repeated positions, 0 to 1, from which it is rejected; None = not judged.
    """
    if most is None:
        return None
    if len(words) < _FEWEST_WORDS or is_unspaced(text[:_QUOTED]):
        if not is_unspaced(text[:_QUOTED]):
            return None
        words = [character for character in text if character.isalnum()]
        return _repeated(words, _UNSPACED_RUN, "", most) if len(words) >= 2 * _UNSPACED_RUN else None
    if len(set(words)) > _DISTINCT * len(words):
        return None
    found = _repeated(words, _RUN, " ", most) or _dominated(words)
    return found or _compressed(text)


def _repeated(words: list[str], size: int, joint: str, most: float) -> str | None:
    runs = list(zip(*(words[start:] for start in range(size)), strict=False))
    times = Counter(runs)
    repeated = len(runs) - len(times)
    if not runs or repeated < most * len(runs):
        return None
    run, count = times.most_common(1)[0]
    return f"{repeated / len(runs):.0%} is repeated, {joint.join(run)[:_QUOTED]!r} {count} times"


def _dominated(words: list[str]) -> str | None:
    word, count = Counter(word.strip(".,;:!?\"'") for word in words).most_common(1)[0]
    return (
        f"{word[:_QUOTED]!r} {count} times in {len(words)} words"
        if (word and count >= _FEWEST_TIMES and count >= _ONE_WORD * len(words))
        else None
    )


def _compressed(text: str) -> str | None:
    raw = text.encode()
    if len(raw) < _LONG:
        return None
    ratio = len(zlib.compress(raw, 6)) / len(raw)
    return f"compresses to {ratio:.0%} of its length" if ratio < _RATIO else None
