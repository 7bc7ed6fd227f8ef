"""Lazily computed attributes: facts of a row that are computed when they are first read, and kept in it.

`functools.cached_property` of Python 3.11 takes a lock each time that it computes one. A row is read by one thread, and
some facts of it take less time than the lock.
"""

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

Value = TypeVar("Value")


class lazy(Generic[Value]):  # noqa: N801  named as the decorators that it resembles
    """Decorator of a method whose result is kept in the object, under the method's name.

    Args:
        compute: The method, without arguments.
    """

    def __init__(self, compute: Callable[[Any], Value]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, row: None, owner: type) -> Self: ...

    @overload
    def __get__(self, row: object, owner: type) -> Value: ...

    def __get__(self, row: object | None, owner: type) -> Self | Value:
        """The result, which the object itself gives from then on."""
        if row is None:
            return self
        found = vars(row)[self._name] = self._compute(row)
        return found
