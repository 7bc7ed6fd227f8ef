"""Error classification: the table of providers' statuses, codes and words, and the one function that reads it.

The table is `provider_errors.csv`. Its rows are tried in their order, the most specific first, and all that a row names
must match. Columns:

- `provider`: who answers so; for the reader only.
- `status`: HTTP statuses, `4xx` for a whole class.
- `body`: what the body is (`error_bodies.BODY_KINDS`).
- `code`: a code, type or status name in the body; `status_code=1008` where only one name's number counts.
- `exception`: the name of a class among the exception's own, its causes' and their bases'.
- `words`: a phrase in the server's sentences.
- `cause`: what it means (`transport_errors.CAUSES`).
- `source`: the provider's page or the issue that shows it; `dated`: when the row was written.

Case does not count, and `*` stands for anything of up to 200 characters.
"""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

_TABLE = "provider_errors.csv"


@dataclass(frozen=True, slots=True)
class Signs:
    """What an answer is recognised by.

    Attributes:
        status: The HTTP status, or the one that the body names; None where no answer came.
        body: The kind of body; empty where there is none to tell.
        codes: All codes of the body.
        exceptions: Class names of the exception and its causes.
        words: All that the server says.
    """

    status: int | None
    body: str
    codes: frozenset[str]
    exceptions: frozenset[str]
    words: str


@dataclass(frozen=True, slots=True)
class KnownError:
    """One row of the table; empty columns match anything."""

    provider: str
    status: str
    body: str
    code: str
    exception: str
    words: str
    cause: str
    source: str
    dated: str

    def matches(self, signs: Signs) -> bool:
        """Whether all that the row names is there."""
        return (
            (not self.status or _has_status(self.status, signs.status))
            and (not self.body or self.body == signs.body)
            and (not self.code or _any_like(self.code, signs.codes))
            and (not self.exception or _any_like(self.exception, signs.exceptions))
            and (not self.words or _pattern(self.words).search(signs.words) is not None)
        )


@cache
def known_errors() -> tuple[KnownError, ...]:
    """All rows, in the order in which they are tried."""
    with resources.files(__package__).joinpath(_TABLE).open(encoding="utf-8") as file:
        return tuple(KnownError(**row) for row in csv.DictReader(file))


def first_match(signs: Signs) -> KnownError | None:
    """The row that explains an answer; None if none does."""
    return next((row for row in known_errors() if row.matches(signs)), None)


def _has_status(wanted: str, status: int | None) -> bool:
    return status is not None and any(each in (str(status), f"{status // 100}xx") for each in wanted.split())


def _any_like(wanted: str, names: Iterable[str]) -> bool:
    pattern = _pattern(wanted)
    return any(pattern.fullmatch(name) for name in names)


@cache
def _pattern(wanted: str) -> re.Pattern[str]:
    """The regular expression of a text in which `*` stands for anything short."""
    return re.compile(".{0,200}?".join(map(re.escape, wanted.split("*"))), re.IGNORECASE | re.DOTALL)
