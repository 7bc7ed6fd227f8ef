"""A model file is found and read before anything is started; what is wrong with it is one line."""

from pathlib import Path

import pytest

from synthetic_textcat.errors import ModelSetupError
from synthetic_textcat.llm.local_server.gguf import GgufHeader, chat_header, find_gguf, gguf_identity
from synthetic_textcat.llm.prompts.messages import Fingerprinter
from synthetic_textcat.schemas.parameters import LlmParameters
from tests.support.gguf_files import CHAT, write_gguf

_BASE_MODEL = {key: value for key, value in CHAT.items() if key != "tokenizer.chat_template"}


def test_the_header_tells_architecture_and_context(tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "m.gguf", tail=b"tensors")

    assert chat_header(str(file)) == GgufHeader("llama", 8192)


def test_a_file_of_a_package_is_found_without_importing_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "some_model").mkdir()
    (tmp_path / "some_model" / "__init__.py").write_text("raise ImportError", encoding="utf-8")
    file = write_gguf(tmp_path / "some_model" / "m.gguf")
    monkeypatch.syspath_prepend(tmp_path)

    assert find_gguf("some_model:m.gguf") == file.resolve()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "does not exist"),
        (b"", "not a whole GGUF file"),
        (b"hello, this is no model", "does not begin with GGUF"),
        (b"GGUF\x03\x00", "ends within its header"),
        (b"GGUF\x09\x00\x00\x00" + bytes(16), r"\(version 9\)"),
        (
            b"GGUF\x03\x00\x00\x00" + bytes(8) + b"\x01" + bytes(7) + b"\x01" + bytes(7) + b"k\x63\x00\x00\x00",
            "type 99",
        ),
    ],
)
def test_a_file_that_is_no_model_is_one_line(tmp_path: Path, content: bytes | None, says: str) -> None:
    file = tmp_path / "m.gguf"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ModelSetupError, match=says) as caught:
        chat_header(str(file))
    assert str(caught.value).startswith(f"llm.gguf={file}")
    assert "Next: " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_cut_anywhere_in_its_header_is_refused(tmp_path: Path) -> None:
    whole = write_gguf(tmp_path / "whole.gguf").read_bytes()
    for length in range(1, len(whole)):
        (tmp_path / "cut.gguf").write_bytes(whole[:length])
        with pytest.raises(ModelSetupError, match="GGUF file"):
            chat_header(str(tmp_path / "cut.gguf"))


def test_a_folder_a_missing_package_and_a_base_model_say_what_to_do(tmp_path: Path) -> None:
    base = write_gguf(tmp_path / "gemma3-270m.gguf", _BASE_MODEL)

    for named, says in (
        (str(tmp_path), "is a folder. Next: give the path of a GGUF file"),
        ("no_such_model:m.gguf", "the package no_such_model is not installed. Next: make generate-local"),
        (str(base), "no chat template, so it is a base model"),
    ):
        with pytest.raises(ModelSetupError, match=says):
            chat_header(named)


def test_a_fingerprint_knows_a_file_by_name_and_content_not_by_place(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    one, moved = write_gguf(tmp_path / "m.gguf"), write_gguf(tmp_path / "elsewhere" / "m.gguf")
    renamed, other = write_gguf(tmp_path / "n.gguf"), write_gguf(tmp_path / "elsewhere" / "o.gguf", tail=b"1")

    assert gguf_identity(str(one)) == gguf_identity(str(moved))
    assert gguf_identity(str(one))["name"] == "m.gguf"
    prints = {_fingerprint(str(file)) for file in (one, moved, renamed, other)}
    assert _fingerprint(str(one)) == _fingerprint(str(moved))
    assert len(prints) == 3
    write_gguf(one, tail=b"another model under the same name")
    assert _fingerprint(str(one)) not in prints


def _fingerprint(gguf: str | None) -> str:
    return Fingerprinter(LlmParameters(model="m", gguf=gguf, max_tokens=None), ("llama.cpp",)).of("r0", [], {})


def test_no_file_leaves_every_fingerprint_as_it_was() -> None:
    assert _fingerprint(None) == "168a80bf29934f01da4980921e6e9617c691e2040aa1bd5de158787b3deda8f3"
