"""One line for each error that a user can mend."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from synthetic_textcat.console import shown_line
from synthetic_textcat.errors import TextcatError
from synthetic_textcat.redaction import redact

if TYPE_CHECKING:
    from yaml import MarkedYAMLError

_LONGEST = 400


def in_one_line(error: BaseException) -> str | None:
    """What to print for an error; None if it is a bug, whose traceback must show."""
    for cause in _chain(error):
        if isinstance(cause, TextcatError):
            return shown_line(str(cause))
    if (line := _about_a_file(error)) is not None:
        return shown_line(line)
    return _flat(error) if _is_kedros_own(error) else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _about_a_file(error: BaseException) -> str | None:
    import yaml

    for cause in _chain(error):
        if isinstance(cause, FileNotFoundError) and cause.filename:
            return f"{short_path(cause.filename)} is missing. Next: restore it, or run the pipeline that writes it"
        if isinstance(cause, PermissionError) and cause.filename:
            return f"{short_path(cause.filename)} can't be opened: permission denied. Next: mend its rights"
        if isinstance(cause, yaml.MarkedYAMLError):
            mark = cause.problem_mark
            where = f"{short_path(mark.name)}, line {mark.line + 1}, column {mark.column + 1}" if mark else "A file"
            return f"{where} is not YAML: {cause.problem}. {yaml_mend(cause)}"
    return None


def yaml_mend(error: "MarkedYAMLError") -> str:
    """What to do about a place that is not YAML, where that can be told."""
    problem = error.problem or ""
    if problem.startswith("mapping values are not allowed"):
        return "Next: put the text in quotes, since it holds a colon"
    if r"'\t'" in problem:
        return "Next: put spaces in place of the tab"
    return "Next: mend that place"


def _is_kedros_own(error: BaseException) -> bool:
    from kedro.framework.context.context import KedroContextError
    from kedro.io import DatasetError

    known = (DatasetError, KedroContextError)
    return isinstance(error, known) or str(error).startswith("Failed to find the pipeline named")


def short_path(path: object) -> str:
    """A path as seen from the folder of the command, if it lies in it."""
    try:
        return str(Path(str(path)).relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _flat(error: BaseException) -> str:
    return shown_line(" ".join(redact(str(error)).split()))[:_LONGEST]
