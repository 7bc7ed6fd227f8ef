"""One test of many cheap cases: collecting and reporting each by itself would cost more than running it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

Case = TypeVar("Case")


def each_case(
    cases: Iterable[Case], name: Callable[[Case], str] = str
) -> Callable[[Callable[[Case], None]], Callable[[], None]]:
    """Makes one test of a function that takes a case: it tries all, and its failure names each case that fails."""

    def _decorated(test: Callable[[Case], None]) -> Callable[[], None]:
        def _test() -> None:
            tried, failed = list(cases), list[Exception]()
            for case in tried:
                try:
                    test(case)
                except Exception as error:  # noqa: BLE001  whatever fails is reported, with the others
                    error.add_note(f"case: {name(case)}")
                    failed.append(error)
            assert tried, "there are no cases"
            if failed:
                raise ExceptionGroup(f"{len(failed)} of {len(tried)} cases fail", failed)

        _test.__doc__ = test.__doc__
        return _test

    return _decorated


def each_of(names: str | Sequence[str], rows: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Makes one test of many cases, from the arguments of `pytest.mark.parametrize`; a case is named by its values."""
    cases = [{names: row} if isinstance(names, str) else dict(zip(names, row, strict=True)) for row in rows]

    def _decorated(test: Callable[..., None]) -> Callable[[], None]:
        def _of_case(case: dict[str, Any]) -> None:
            test(**case)

        _of_case.__doc__ = test.__doc__
        return each_case(cases, repr)(_of_case)

    return _decorated
