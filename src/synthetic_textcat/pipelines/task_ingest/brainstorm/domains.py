"""The fields of work and life that brainstorming goes through: what their file may hold, and whose turn it is."""

from collections.abc import Sequence

from synthetic_textcat.errors import DomainsFileError
from synthetic_textcat.hashing import shuffled
from synthetic_textcat.schemas.domains_file import DomainsFile
from synthetic_textcat.schemas.tasks import normalise

_UNNAMED = "The file of the catalog entry domains"


def read_domains(content: object) -> list[str]:
    """The domains of the file's content, in its order.

    Args:
        content: What the catalog's entry loads: a `DomainsFile`, or, from a dataset of Kedro's, a list.

    Raises:
        DomainsFileError: If it is no list of different texts; names the entry.
    """
    file = _UNNAMED
    if isinstance(content, DomainsFile):
        file, content = content.path, content.content
    if not isinstance(content, list) or not content:
        raise DomainsFileError(f"{file} is no list of domains. Next: write one `- ...` a line, such as `- bakery`")
    seen: dict[str, int] = {}
    for number, entry in enumerate(content, start=1):
        if not isinstance(entry, str) or not entry.strip():
            raise DomainsFileError(f"{file}, entry {number} is {entry!r}, which is no text. Next: quote or remove it")
        first = seen.setdefault(normalise(entry), number)
        if first != number:
            raise DomainsFileError(f"{file}, entry {number} repeats entry {first}: {entry!r}. Next: remove one")
    return [" ".join(entry.split()) for entry in content]


def in_turn(domains: Sequence[str], seed: int) -> list[str]:
    """The order in which calls get the domains: call n the n-th, and past the last one from the first again."""
    return shuffled(domains, seed, "domains")
