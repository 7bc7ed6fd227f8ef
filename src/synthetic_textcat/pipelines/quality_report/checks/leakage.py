"""Label leakage: a text that names a label in any form of it, by the rules of its language (`text.label_mentions`)."""

from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.text.label_mentions import find_mention


def find_label_mention(text: str, label: str, language: str | None, compared: str | None = None) -> str | None:
    """First mention of the label in the text, in the text's spelling, or None.

    Args:
        text: As written. If it was normalised before, it has no capitals, and so names no label in capitals.
        label: As written. If it was normalised before, it is found in any case.
        language: Requested language of the text, name or code; without it, inflected forms do not count.
        compared: The text in its comparison form for this language, if at hand: it saves most of the time.
    """
    return find_mention(text, label, find_language(language).code if language is not None else None, compared)
