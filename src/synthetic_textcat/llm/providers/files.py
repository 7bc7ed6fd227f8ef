"""Provider files: how the servers of a provider answer, `<provider>.csv`, one fact a row.

`any.csv` holds rows that are of no provider. The reader puts OpenAI first, whose words others imitate, then the
providers by name, then `any`. Columns:

- `kind`: `error`, `finish_reason`, `finish_field`, `thoughts_field` (of a message) or `usage`.
- `status`, `body`, `code`, `exception`, `words`: what is recognised. Of an error see `errors`; of the other
  kinds `words` holds the word, or the name of a field (`details.name` for one inside another).
- `meaning`: an error's cause (`errors.CAUSES_IN_ORDER`); our finish reason; of a usage field `prompt`,
  `completion`, `cached` or `cache_written`. Empty for a field.
- `tried`: of an error, when, if not with the rows of its cause: `before <cause>`, or `last`.
- `source`: the provider's page or the issue that shows it; `dated`: when the row was written.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

Kind = Literal["error", "finish_reason", "finish_field", "thoughts_field", "usage"]

_FIRST, _LAST = "openai.csv", "any.csv"


@dataclass(frozen=True, slots=True)
class ProviderFact:
    """Row of a file; `provider` is the file's name, the other fields are the columns."""

    provider: str
    kind: Kind
    status: str
    body: str
    code: str
    exception: str
    words: str
    meaning: str
    tried: str
    source: str
    dated: str


@cache
def provider_facts(kind: Kind) -> tuple[ProviderFact, ...]:
    """All rows of a kind, provider by provider.

    Raises:
        ValueError: If a file has a row of an unknown kind.
    """
    return tuple(fact for fact in _all_facts() if fact.kind == kind)


@cache
def thoughts_fields() -> tuple[str, ...]:
    """Names of the field of a message that holds the model's thoughts."""
    return tuple(fact.words for fact in provider_facts("thoughts_field"))


@cache
def _all_facts() -> tuple[ProviderFact, ...]:
    folder = resources.files(__package__)
    texts = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir() if file.name.endswith(".csv")}
    names = sorted(texts, key=lambda name: (name != _FIRST, name == _LAST, name))
    return tuple(fact for name in names for fact in _facts_in(name, texts[name]))


def _facts_in(name: str, text: str) -> Iterator[ProviderFact]:
    for row in csv.DictReader(io.StringIO(text, newline="")):
        cells: dict[str, Any] = dict(row)
        if cells.get("kind") not in get_args(Kind):
            raise ValueError(f"{name}: unknown kind {cells.get('kind')!r}; allowed: {', '.join(get_args(Kind))}")
        yield ProviderFact(name.removesuffix(".csv"), **cells)
