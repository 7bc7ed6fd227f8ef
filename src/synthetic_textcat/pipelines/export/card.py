"""The dataset card: what a stranger must know before training on these rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What the card says of the run.

    Attributes:
        rows: Number of examples.
        language_codes: Two- or three-letter codes of their languages.
        models: Names of the models that wrote them, as the server gives them.
        banner: Said first where templates wrote the text.
        seed, sampling, ledger, metrics: As in the run.
    """

    rows: int
    language_codes: Sequence[str]
    models: Sequence[str]
    banner: str | None
    seed: int
    sampling: Mapping[str, Any]
    ledger: Mapping[str, Any]
    metrics: Mapping[str, float | None]


def render_card(facts: CardFacts) -> str:
    """The card's Markdown, with the YAML head that the hub reads."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    pages = Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=False,  # noqa: S701  Markdown; every value comes from the plan or from a closed list, none from a model
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return pages.get_template("dataset_card.md.jinja").render(facts=facts, size=_size_category(facts.rows))


def _size_category(rows: int) -> str:
    return next((name for limit, name in _SIZES if rows < limit), "n>1M")
