"""Signs by which texts without mojibake are told: no text that ftfy's pattern finds may pass for one of them."""

import random
import re

from synthetic_textcat.pipelines.quality_report.checks.artefacts import find_artefacts, mojibake_pairs

_PAIRS, _SIGNS, _IN_PLACE = mojibake_pairs()
_ASCII = list("aAzZ -.1,?!\n\t")
_CLASSES = re.compile("|".join(set(re.findall(r"\[[^\]^][^\]]*\]", _PAIRS.pattern))))
_BEYOND_ASCII = "".join(map(chr, (*range(0x80, 0xD800), *range(0xE000, 0x10000))))
_NAMED = {*_PAIRS.pattern, *_CLASSES.findall(_BEYOND_ASCII)}
_CHARACTERS = [character for character in _BEYOND_ASCII if character in _NAMED]
"""All that the pattern names, other than ASCII."""


def test_a_match_of_ftfys_pattern_has_one_of_the_signs() -> None:
    others = [character for character in _CHARACTERS if not _SIGNS.match(character)]
    assert len(others) > 100
    pairs = " ".join(first + second for first in others for second in (*others, *_ASCII))
    assert _PAIRS.search(pairs) is None
    dice = random.Random(1)
    assert _PAIRS.search("".join(dice.choices(others + 8 * _ASCII, k=100_000))) is None


def test_a_match_of_ftfys_pattern_has_its_signs_in_place() -> None:
    dice = random.Random(2)
    apart = [_alternating(dice) for _ in range(2_000)]
    assert all(_IN_PLACE.search(text) for text in apart if _PAIRS.search(text))
    assert any(map(_PAIRS.search, apart))


def _alternating(dice: random.Random) -> str:
    """Characters of the pattern, each between ASCII ones."""
    return "".join(character + dice.choice(_ASCII) for character in dice.choices(_CHARACTERS, k=12))


def test_single_accents_are_no_artefacts_and_pairs_are() -> None:
    assert list(find_artefacts("Ärger über später, naïve «façade» d'été: œuvre, 25 °C, 4 €")) == []
    assert list(find_artefacts("cafÃ© au lait")) == ["'fÃ©'", "'Ã©'"]
