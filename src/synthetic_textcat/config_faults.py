"""Faults of configuration files in one line: the file, the key, and the next step.

Kedro and OmegaConf name neither file nor key for most of them: a list where another file has a mapping, an environment
variable that is not set, a key in two files. So the files are read again, one by one, until the fault is found.
"""

import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from synthetic_textcat.error_messages import yaml_fix
from synthetic_textcat.file_errors import short_path

CREDENTIALS = "credentials"
"""The only kind of configuration in which Kedro reads the environment."""

_VARIABLE = re.compile(r"\$\{\s*oc\.env:\s*([^,}\s]+)\s*(,?)")
_IN_TWO_FILES = re.compile(r"Duplicate keys found in (?P<one>.+) and (?P<other>.+): (?P<keys>.+)")


def fault_line(error: Exception, files: Sequence[Path], kind: str, typed: Mapping[str, Any]) -> str | None:
    """The line for an error of the configuration loader; None if none of the files explains it.

    Args:
        error: Raised while these files were read and merged.
        files: In the order in which they are merged.
        kind: Of configuration: `parameters`, `catalog`, `credentials`, ...
        typed: Parameters of the command line.
    """
    if found := _IN_TWO_FILES.match(str(error)):
        one, other = (short_path(found[name]) for name in ("one", "other"))
        return f"{one} and {other} both set {found['keys']}. Next: keep it in one of them"
    contents: list[tuple[Path, Any]] = []
    for file in files:
        try:
            content = OmegaConf.load(io.StringIO(file.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            return f"{short_path(file)} is not UTF-8. Next: save the file as UTF-8"
        except yaml.MarkedYAMLError as fault:
            mark = fault.problem_mark
            where = f", line {mark.line + 1}, column {mark.column + 1}," if mark else ""
            return f"{short_path(file)}{where} is not YAML: {fault.problem}. {yaml_fix(fault)}"
        except OmegaConfBaseException as fault:
            return _about_syntax(fault, file, kind)
        if not isinstance(content, DictConfig):
            return f"{short_path(file)} holds a list, and no keys. Next: begin its lines with `key: `"
        contents.append((file, OmegaConf.to_container(content, resolve=False)))
    return _about_a_value(error, contents, kind) or _about_typed(contents, typed)


def _about_syntax(fault: OmegaConfBaseException, file: Path, kind: str) -> str:
    """The line for a key or `${...}` that OmegaConf can't read."""
    key = f": {fault.full_key}" if fault.full_key else ""
    return f"{short_path(file)}{key}: {_first_line(fault, kind)}. Next: fix the key there, or its ${{...}}"


def _about_a_value(error: Exception, contents: Sequence[tuple[Path, Any]], kind: str) -> str | None:
    """The line for a `${...}` without a value: a variable first, since OmegaConf names no key of credentials."""
    full_key = str(getattr(error, "full_key", None) or "")
    for file, content in contents:
        for path, value in _leaves(content, ""):
            place, text = f"{short_path(file)}: {path}", str(value)
            for name, default in _VARIABLE.findall(text):
                if kind != CREDENTIALS or not (default or name in os.environ):
                    return f"{place} reads the environment variable {name}, {_advice(name, path, kind)}"
            is_meant = path == full_key or (not full_key and not _VARIABLE.search(text))
            if is_meant and "${" in text:
                return f"{place}: {_first_line(error, kind)}. Next: fix the ${{...}} there"
    return None


def _advice(name: str, path: str, kind: str) -> str:
    if kind == CREDENTIALS:
        return f"which is not set. Next: set it, or give a default, as in ${{oc.env:{name},none}}"
    other = f", or pass it as --params {path}=..." if kind == "parameters" else ""
    return f"as only credentials.yml can. Next: write the value there{other}"


def _about_typed(contents: Sequence[tuple[Path, Any]], typed: Mapping[str, Any]) -> str | None:
    """The line for a parameter of the command line that sets keys within a list, or a list in place of keys."""
    for file, content in contents:
        if (path := _clash(content, typed)) is not None:
            return (
                f"--params {'.'.join(path)} gives {_kind(_at(typed, path))} where {short_path(file)} has "
                f"{_kind(_at(content, path))}. Next: set {'.'.join(path)} in conf/local/parameters.yml instead"
            )
    return None


def _clash(below: Any, above: Any, path: tuple[str, ...] = ()) -> tuple[str, ...] | None:
    """Path of the first value that is a list on one side and a mapping on the other."""
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        found = (_clash(below[key], above[key], (*path, str(key))) for key in above if key in below)
        return next((clash for clash in found if clash is not None), None)
    return path if {type(below), type(above)} == {list, dict} else None


def _at(content: Any, path: Sequence[str]) -> Any:
    for key in path:
        content = content[key]
    return content


def _kind(value: Any) -> str:
    return "a list" if isinstance(value, list) else "keys with values"


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Each value that is no list or mapping, with its path as OmegaConf writes it."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{number}]")
    else:
        yield path, value


def _first_line(error: Exception, kind: str) -> str:
    """OmegaConf's words, which may quote a value: of credentials none."""
    return "it can't be read" if kind == CREDENTIALS else str(error).partition("\n")[0].rstrip(". ")
