"""Chance by hash, so that a run against the server can be repeated exactly."""

import hashlib
import math
from statistics import NormalDist

_NORMAL = NormalDist()
_DRAW_BYTES = 6  # 48 bits: exact in a float


def digest(material: bytes) -> bytes:
    """Name `material` by 16 bytes: enough to tell a billion requests apart, small enough to keep for each."""
    return hashlib.sha256(material).digest()[:16]


def draw(purpose: str, seed: int, material: bytes) -> float:
    """Draw evenly from the open interval (0, 1) as a function of the arguments alone."""
    hashed = hashlib.sha256(b"%s\x1f%d\x1f%s" % (purpose.encode(), seed, material)).digest()
    return (int.from_bytes(hashed[:_DRAW_BYTES], "big") + 0.5) / (1 << (8 * _DRAW_BYTES))


def lognormal(median: float, sigma: float, even_draw: float) -> float:
    """Turn an even draw into one from the lognormal distribution around `median`."""
    return median * math.exp(sigma * _NORMAL.inv_cdf(even_draw)) if sigma else median


def stream(material: bytes, length: int) -> bytes:
    """Stretch `material` to `length` bytes, each of which picks one word."""
    return hashlib.shake_128(material).digest(length)
