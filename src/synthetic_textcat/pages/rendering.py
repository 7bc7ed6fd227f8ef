"""Templates to one self-contained file. Model text is data: the template engine escapes it."""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from synthetic_textcat.schemas.prices import usd

if TYPE_CHECKING:
    from jinja2 import Environment

NONE = "\N{EN DASH}"

LONGEST_TEXT = 600
"""Characters shown of one text."""

_LONGEST_CODE = 120

_WITHIN_NAMES = re.compile(r"(?<=[A-Za-z0-9])(?:[/=_]|(?<!\d)\.)(?=[A-Za-z0-9])")
"""Joints of names such as `quality_report.thresholds.leaked.warn=0.02`; not the point of a number."""


def render_page(package: str, template: str, **values: Any) -> str:
    """The page of a template in the package's folder `templates`, which extends `page.html.jinja` of this one.

    Its policy lets no request out, and no script run but the page's own, which the browser knows by its hash.
    """
    script = _own("filter.js")
    return (
        _pages_of(package)
        .get_template(template)
        .render(style=_own("style.css"), script=script, script_hash=_sha256(script), **values)
    )


@cache
def _pages_of(package: str) -> "Environment":
    """The templates of a package's pages, each compiled once in a process."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    pages = Environment(
        loader=ChoiceLoader([PackageLoader(package, "templates"), PackageLoader(__package__, "templates")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {"shortened": _shortened, "usd": usd, "shown": shown, "words": _words, "breakable": breakable}
    return pages


def render_markdown(
    package: str, template: str, filters: Mapping[str, Callable[..., str]] | None = None, **values: Any
) -> str:
    """The text of a Markdown template in the package's folder `templates`.

    Not escaped: foreign text goes in through the filter `code`, or one of the given filters.
    """
    return _markdown_of(package, tuple((filters or {}).items())).get_template(template).render(**values)


@cache
def _markdown_of(package: str, filters: tuple[tuple[str, Callable[..., str]], ...]) -> "Environment":
    """The Markdown templates of a package, each compiled once in a process: a card is written for each of its tasks."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    pages = Environment(
        loader=PackageLoader(package, "templates"),
        autoescape=False,  # noqa: S701  Markdown
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    pages.filters |= {"code": as_code, "plain_usd": _plain_usd, **dict(filters)}
    return pages


def as_code(value: object) -> str:
    """A value as inline Markdown code, in one line: nothing in it is Markdown, or ends a cell of a table."""
    line = re.sub(r"[^\S ]|[\x00-\x1f\x7f\u2028\u2029`|]", " ", str(value))
    return f"`{line[:_LONGEST_CODE].strip() or ' '}`"


def shown(value: object, kind: str) -> str:
    """A value of a table or a metric, as its kind is read; a dash where there is none.

    Args:
        value: Text or a number.
        kind: `text`, `name` (of ours, with spaces for underscores), `count`, `share` (of 1), or `number`.
    """
    if value is None:
        return NONE
    if isinstance(value, str) or kind in ("text", "name"):
        return _words(str(value)) if kind == "name" else _shortened(value)
    number = float(value)  # type: ignore[arg-type]
    match kind:
        case "share":
            return f"{number:.1%}"
        case "count":
            return f"{number:,.0f}"
        case _:
            return f"{number:.3g}" if abs(number) < 10 else f"{number:,.1f}".removesuffix(".0")


def breakable(text: object) -> Any:
    """Text as HTML whose names may break into lines at their dots and underscores, rather than within a word."""
    from markupsafe import Markup, escape

    return Markup(_WITHIN_NAMES.sub(r"\g<0><wbr>", str(escape(text))))  # noqa: S704  escaped


def _plain_usd(text: str) -> str:
    """Amounts for Markdown: pages of MLflow and of hubs render text between two dollar signs as a formula."""
    return text.replace("$", "USD ")


def _own(name: str) -> Any:
    from markupsafe import Markup

    return Markup(files(__package__).joinpath(name).read_text(encoding="utf-8"))  # noqa: S704  files of this package


def _sha256(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _shortened(text: object) -> str:
    words = "" if text is None else str(text)
    return words if len(words) <= LONGEST_TEXT else words[:LONGEST_TEXT].rstrip() + " …"


def _words(name: str) -> str:
    return name.replace("_", " ")
