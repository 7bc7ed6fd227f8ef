"""What every block of parameters is: nothing beside its keys, and no boolean in place of a number."""

from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator


def no_boolean(value: Any) -> Any:
    """The value, unless it is true or false: Python takes those for 1 and 0."""
    if isinstance(value, bool):
        raise ValueError("is true or false; give a number")  # noqa: TRY004  pydantic wants a ValueError
    return value


class Block(BaseModel):
    """A block of `conf/base/parameters.yml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_boolean_is_a_number(cls, value: Any, info: Any) -> Any:
        is_switch = cls.model_fields[info.field_name].annotation is bool
        return value if is_switch else no_boolean(value)
