"""Error messages for the terminal: one line for each error that a user can fix."""

import re
from typing import TYPE_CHECKING

from synthetic_textcat.console import shown_line
from synthetic_textcat.errors import TextcatError, causes
from synthetic_textcat.file_errors import about_file, short_path
from synthetic_textcat.text.unicode import single_line

if TYPE_CHECKING:
    from yaml import MarkedYAMLError

_LONGEST = 400
_PATH_OF_DATASET = re.compile(r"(?:from|to) dataset [^\n]*?path='([^']+)'")


def format_user_error(error: BaseException) -> str | None:
    """The line to print for an error; None for a bug, whose traceback must be shown."""
    for cause in causes(error):
        if isinstance(cause, TextcatError):
            return shown_line(str(cause))
    if (line := _about_a_file(error)) is not None:
        return shown_line(line)
    return _flat(error) if _is_kedros_own(error) else None


def _about_a_file(error: BaseException) -> str | None:
    import yaml
    from kedro.config import MissingConfigException

    for cause in causes(error):
        if isinstance(cause, FileNotFoundError) and cause.filename:
            return f"{short_path(cause.filename)} is missing. Next: restore it, or run the pipeline that writes it"
        if isinstance(cause, PermissionError) and cause.filename:
            path = _path_of_dataset(error) or cause.filename
            return f"{short_path(path)} can't be opened: permission denied. Next: fix its permissions"
        if isinstance(cause, MissingConfigException):
            return f"{single_line(cause)}. Next: name a folder that is there by --env or --conf-source"
        if isinstance(cause, yaml.MarkedYAMLError):
            mark = cause.problem_mark
            where = f"{short_path(mark.name)}, line {mark.line + 1}, column {mark.column + 1}" if mark else "A file"
            return f"{where} is not YAML: {cause.problem}. {yaml_fix(cause)}"
    return _about_the_system(error)


def _about_the_system(error: BaseException) -> str | None:
    """A line for any other OSError that is the error or its declared cause: a full disk is never a bug."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError):
            path = _path_of_dataset(error) or cause.filename2 or cause.filename or ""
            return shown_line(about_file(cause, path))[:_LONGEST]
        cause = cause.__cause__
    return None


def _path_of_dataset(error: BaseException) -> str:
    """The path of the catalog entry that could not be saved or loaded, from Kedro's message.

    The error itself may name the temporary file next to it, or no file.
    """
    found = _PATH_OF_DATASET.search(str(error))
    return found[1] if found else ""


def yaml_fix(error: "MarkedYAMLError") -> str:
    """The next step for a place that is not YAML."""
    problem = error.problem or ""
    if problem.startswith("mapping values are not allowed"):
        return "Next: put the text in quotes, since it holds a colon"
    if "'@'" in problem:
        return "Next: put the text in quotes, since it begins with @"
    if r"'\t'" in problem:
        return "Next: put spaces in place of the tab"
    return "Next: fix the syntax there"


def _is_kedros_own(error: BaseException) -> bool:
    from kedro.framework.context.context import KedroContextError
    from kedro.io import DatasetError

    known = (DatasetError, KedroContextError)
    return isinstance(error, known) or str(error).startswith("Failed to find the pipeline named")


def _flat(error: BaseException) -> str:
    return shown_line(single_line(error))[:_LONGEST]
