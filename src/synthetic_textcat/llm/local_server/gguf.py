"""GGUF files: their place, their header and the hash of their content.

The `gguf` library reads every token and tensor: 1.7 s of processor time for 49,000 tokens, and a cut file is an error
of numpy. Two entries of the header are needed here, which takes 0.05 s. Format: GGUF specification, versions 2 and 3.
"""

import hashlib
import importlib.util
import mmap
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from synthetic_textcat.errors import ModelSetupError

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_STRING, _ARRAY = 8, 9
_NUMBERS = dict(enumerate("BbHhIif?")) | {10: "Q", 11: "q", 12: "d"}
"""Code of a type -> its format in `struct`."""

_IN_PACKAGE = re.compile(r"([A-Za-z_]\w+):([^\\/:].*)")
"""`PACKAGE:FILE`; a single letter is a drive of Windows."""

_TEMPLATE = "tokenizer.chat_template"
_OTHER = "Next: name another file by llm.gguf"


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """The header entries that matter to a user.

    Attributes:
        architecture: Family of models, such as `llama`.
        context_tokens: Longest conversation that the model was trained for; None if the file does not say.
    """

    architecture: str
    context_tokens: int | None


def find_gguf(named: str) -> Path:
    """The file that `llm.gguf` names: a path, or `PACKAGE:FILE` for a file that an installed package brings.

    The package is not imported: that of the default model imports another binding of llama.cpp.

    Raises:
        ModelSetupError: If there is no such file.
    """
    in_package = _IN_PACKAGE.fullmatch(named)
    if in_package is None:
        path = Path(named).expanduser()
    else:
        package, file = in_package.groups()
        found = importlib.util.find_spec(package)
        if found is None or not found.submodule_search_locations:
            raise ModelSetupError(
                f"llm.gguf={named}: the package {package} is not installed. Next: make generate-local installs it; or "
                "name a GGUF file of yours, --params llm.gguf=FILE"
            )
        path = Path(next(iter(found.submodule_search_locations)), file)
    if path.is_file():
        return path.resolve()
    reason = "is a folder" if path.is_dir() else "does not exist"
    raise ModelSetupError(f"llm.gguf={named}: {path} {reason}. Next: give the path of a GGUF file")


def chat_header(named: str) -> GgufHeader:
    """The header of the file that `llm.gguf` names.

    Raises:
        ModelSetupError: If there is no such file, it is not a whole GGUF file, or its model can't chat.
    """
    entries = _header_of(find_gguf(named), named)
    if _TEMPLATE not in entries:
        raise ModelSetupError(
            f"llm.gguf={named} has no chat template, so it is a base model, which continues texts and follows no "
            "instructions. Next: take the variant trained for instructions; its name often ends in -Instruct or -it"
        )
    architecture = str(entries.get("general.architecture", "unknown"))
    context = entries.get(f"{architecture}.context_length")
    return GgufHeader(architecture, context if isinstance(context, int) else None)


def gguf_identity(named: str) -> dict[str, str]:
    """The file's name and the hex sha256 of its content: the model's identity in fingerprints, wherever the file lies.

    Raises:
        ModelSetupError: As `chat_header`.
    """
    chat_header(named)
    path = find_gguf(named)
    state = path.stat()
    return {"name": path.name, "sha256": _sha256(path, state.st_size, state.st_mtime_ns)}


@cache
def _sha256(path: Path, size: int, changed_ns: int) -> str:  # noqa: ARG001  another size or time is another file
    """Hash of the content; hashing takes about a second per gigabyte, so once per process."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _header_of(path: Path, named: str) -> dict[str, Any]:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if content[:4] != _MAGIC:
                raise ModelSetupError(f"llm.gguf={named} is no GGUF file: it does not begin with GGUF. {_OTHER}")
            return dict(_Reader(content).entries())
    except KeyError as error:
        raise ModelSetupError(
            f"llm.gguf={named} has a type {error} in its header that GGUF does not define. {_OTHER}"
        ) from None
    except ValueError as error:  # also of an empty file
        raise ModelSetupError(
            f"llm.gguf={named} is not a whole GGUF file of version 2 or 3 ({error}). Next: download it again"
        ) from None
    except OSError as error:
        raise ModelSetupError(f"llm.gguf={named} can't be read: {error.strerror}. {_OTHER}") from None


class _Reader:
    """Entries of a mapped GGUF header, in order; values of arrays are skipped."""

    def __init__(self, content: mmap.mmap) -> None:
        self._content = content
        self._at = len(_MAGIC)

    def entries(self) -> Iterator[tuple[str, Any]]:
        """Key and value of each entry; an array's value is None."""
        version = self._number("I")
        if version not in _VERSIONS:
            raise ValueError(f"version {version}")
        self._number("Q")  # tensors
        for _ in range(self._number("Q")):
            key = self._string()
            yield key, self._value(self._number("I"))

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind != _ARRAY:
            return self._number(_NUMBERS[kind])
        inner, length = self._number("I"), self._number("Q")
        if inner in _NUMBERS:
            self._skip(length * struct.calcsize(f"<{_NUMBERS[inner]}"))
        else:
            for _ in range(length):
                self._value(inner)
        return None

    def _number(self, form: str) -> Any:
        form, start = f"<{form}", self._at
        self._skip(struct.calcsize(form))
        return struct.unpack_from(form, self._content, start)[0]

    def _string(self) -> str:
        length = self._number("Q")
        start = self._at
        self._skip(length)
        return self._content[start : self._at].decode(errors="replace")

    def _skip(self, length: int) -> None:
        self._at += length
        if self._at > len(self._content):
            raise ValueError("it ends within its header")
