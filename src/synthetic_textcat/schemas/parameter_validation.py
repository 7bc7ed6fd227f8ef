"""Validation of all parameters, for any pipeline: Kedro itself validates only the blocks that a pipeline uses."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from synthetic_textcat.errors import ParameterError, nearest
from synthetic_textcat.schemas.parameters import Parameters

_BLOCK = "write keys below it, each with a value, or leave it out"
_LIST = "write a list, such as [one, another]"
_FORMS = {"model_type": _BLOCK, "dict_type": _BLOCK, "list_type": _LIST, "tuple_type": _LIST}
"""What is to be written, by the type of pydantic's error: its own words name Python's types."""


def validate_parameters(parameters: Mapping[str, Any]) -> Parameters:
    """Validates all parameters, for any pipeline.

    Raises:
        ParameterError: With one line that names each wrong key or value and the allowed ones.
    """
    try:
        found = Parameters.model_validate(dict(parameters))
    except ValidationError as error:
        raise _error(_complaints(error, parameters)) from None
    try:
        found.label_check.judge(found.llm)
    except ValidationError as error:
        raise _error(_complaints_about_judge(error, parameters)) from None
    if found.cluster_fault:
        raise _error([found.cluster_fault])
    return found


def _error(lines: Iterable[str]) -> ParameterError:
    return ParameterError("; ".join(dict.fromkeys(lines)) + " (conf/*/parameters.yml or --params)")


def _complaints(error: ValidationError, parameters: Mapping[str, Any]) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        path = [str(part) for part in problem["loc"]]
        if problem["type"] == "extra_forbidden":
            yield f"Unknown parameter {'.'.join(path)}: {nearest(path[-1], _known_keys(path[:-1]))}"
        else:
            public = _public_path(path)
            yield f"Parameter {'.'.join(public)}{_shown(public, parameters)}: {_reason(problem)}"


def _complaints_about_judge(error: ValidationError, parameters: Mapping[str, Any]) -> Iterator[str]:
    """Complaints about the judge's settings, which are those of `llm` with the fields of `label_check.llm`."""
    for problem in error.errors(include_url=False):
        path = ["label_check", "llm", *(str(part) for part in problem["loc"][:1])]
        yield f"Parameter {'.'.join(path)}{_shown(path, parameters)}: {_reason(problem)}"


def _known_keys(block: Sequence[str]) -> list[str]:
    model: Any = Parameters
    for name in block:
        model = model.model_fields[name].annotation
    return list(model.model_fields)


def _public_path(path: Sequence[str]) -> list[str]:
    """The path without the union members that pydantic adds (`str`, `list[str]`, ...)."""
    model: Any = Parameters
    public = []
    for step in path:
        public.append(step)
        model = model.model_fields[step].annotation if step in model.model_fields else None
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            break
    return public


def _shown(path: Sequence[str], parameters: Mapping[str, Any]) -> str:
    value: Any = parameters
    for step in path:
        if not isinstance(value, Mapping) or step not in value:
            return ""
        value = value[step]
    return "" if isinstance(value, Mapping) else f"={value!r}"


def _reason(problem: Any) -> str:
    if (form := _FORMS.get(problem["type"])) is not None:
        return form
    message = str(problem["msg"]).removeprefix("Value error, ")
    return message[0].lower() + message[1:]
