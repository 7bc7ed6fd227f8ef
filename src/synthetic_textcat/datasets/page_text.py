"""The words of an HTML page, for where the page itself can't be shown."""

from html.parser import HTMLParser

_UNSEEN = {"head", "script", "style", "select", "svg"}
_LINES = {
    "br",
    "div",
    "dl",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
    "li",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tr",
    "ul",
}
_CELLS = {"td", "th"}


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._unseen += tag in _UNSEEN
        self.parts.append("\n" if tag in _LINES else "")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN
        self.parts.append("\n" if tag in _LINES else " | " if tag in _CELLS else "")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(" ".join(data.split("\n")))


def words_of(page: str) -> str:
    """The text of a page, a line for each paragraph, item and row; without scripts, styles and what is to be chosen."""
    words = _Words()
    words.feed(page)
    words.close()
    lines = (" ".join(line.split()).removesuffix("|").strip() for line in "".join(words.parts).split("\n"))
    return "\n".join(line for line in lines if line)
