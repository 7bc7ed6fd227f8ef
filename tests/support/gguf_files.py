"""GGUF files of a few hundred bytes: a header as llama.cpp's converters write it, and no tensors."""

import struct
from collections.abc import Mapping
from pathlib import Path

CHAT: Mapping[str, str | int | list[str]] = {
    "general.architecture": "llama",
    "llama.context_length": 8192,
    "tokenizer.ggml.tokens": ["<s>", "é", "</s>"],
    "tokenizer.chat_template": "{{ messages }}",
}
"""Header entries of a chat model."""

_UINT32, _STRING, _ARRAY = 4, 8, 9


def write_gguf(path: Path, entries: Mapping[str, str | int | list[str]] = CHAT, tail: bytes = b"") -> Path:
    """Writes a file with this header, and `tail` in place of tensors."""
    head = struct.pack("<4sIQQ", b"GGUF", 3, 0, len(entries))
    path.write_bytes(head + b"".join(_text(key) + _value(value) for key, value in entries.items()) + tail)
    return path


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _value(value: str | int | list[str]) -> bytes:
    if isinstance(value, int):
        return struct.pack("<II", _UINT32, value)
    if isinstance(value, str):
        return struct.pack("<I", _STRING) + _text(value)
    return struct.pack("<IIQ", _ARRAY, _STRING, len(value)) + b"".join(map(_text, value))
