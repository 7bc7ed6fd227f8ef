"""YAML files that a user hands in, read strictly, with the place of what is wrong."""

from collections.abc import Sequence
from typing import Any

import yaml

from synthetic_textcat.datasets.strict_readers import read_text
from synthetic_textcat.error_messages import yaml_mend
from synthetic_textcat.errors import TextcatError
from synthetic_textcat.schemas.task_input import shown

_MEND = "Next: mend that place"


def read_yaml(content: bytes, file: str, complaint: type[TextcatError]) -> Any:
    """What the file says; JSON is YAML too.

    Raises:
        TextcatError: The `complaint`, with the place, if it is no YAML, or a key stands twice in one mapping.
    """
    text = read_text(content, file, complaint)
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise complaint(f"{file}{where} is not YAML: {error.problem}. {yaml_mend(error)}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise complaint(
            f"{file}, line {line} is not YAML: the character {chr(int(error.character))!r} is not allowed. {_MEND}"
        ) from None
    except RecursionError:
        raise complaint(f"{file} is not YAML: it is nested too deeply. {_MEND}") from None
    except (ValueError, OverflowError) as error:  # such as an escape of no character
        raise complaint(f"{file} is not YAML: {error}. {_MEND}") from None


def line_of(content: bytes, path: Sequence[str | int], line: int) -> int:
    """The line of a file, counted from 1, on which a line of one of its texts stands; else the one where that begins.

    Args:
        content: YAML that can be read.
        path: The keys and places that lead to the text.
        line: Of the text, counted from 0.
    """
    node: Any = yaml.compose(content.decode("utf-8-sig"), Loader=_Loader)
    for step in path:
        inner = node.value[step] if isinstance(step, int) else {key.value: x for key, x in node.value}.get(step)
        node = inner or node  # a merged key stands elsewhere
    begin: int = node.start_mark.line + 1
    return begin + 1 + line if node.style == "|" else begin


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice in one mapping; YAML's own loader silently drops the first.

    Says with its place what is none of its tag: a date that does not exist, `!!bool foo`.
    """

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError, ArithmeticError):
            kind = node.tag.rpartition(":")[2]
            problem = f"{shown(node.value)} is no {kind}"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from None

    def compose_mapping_node(self, anchor: Any) -> Any:
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.composer.ComposerError(None, None, f"the key {key.value!r} stands twice", key.start_mark)
            seen.add(key.value)
        return node
