"""Labels that are none: what a model writes in place of a label where the label set is open.

Small models copy the prompt's words, repeat a value that they were asked to write for ("high school"), or write a
sentence. A label of a few words is left alone: whether it answers the task is a matter of meaning.

- **Too long:** more than six words. Vietnamese writes each syllable as a word, so twelve there. In scripts without
  spaces characters count, as many as six long words have.
- **A phrase of the prompt:** a name of a field ("Label 1", "the correct label"), a phrase of the form, or of the task's
  sentence its beginning, most of it, or five words.
- **A value of an attribute:** of difficulty, clarity or num_words, or the row's language, unless the task is about such
  things: "clear" is a label of a task about the weather.
- **Without letters:** signs alone. A number is a label where the other label is one too ("4" and "2"), or the task
  names a digit or a quantity.
"""

import re
from functools import lru_cache

import regex

from synthetic_textcat.schemas.attributes import VALUES
from synthetic_textcat.schemas.label_names import label_form
from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.text.unicode import UNSPACED_LETTER

_MOST_WORDS = 6
_MOST_SYLLABLES = 12  # of Vietnamese
_MOST_CHARACTERS = (
    (regex.compile(r"[\p{Han}\W\d]+"), 18),
    (regex.compile(r"[\p{Han}\p{Katakana}\p{Hiragana}\u30fc\W\d]+"), 28),
    (regex.compile(r".+"), 45),
)
"""Letters of six long words: in Chinese, in Japanese, in any other script without spaces."""

_AROUND = ".,:;!?()[]{}\"'"
_SHARE_OF_SENTENCE = 0.5
_FEWEST_OF_SENTENCE = 3  # words
_ENOUGH_OF_SENTENCE = 5  # words of a long sentence

_FIELD = re.compile(
    r"(?:(?:the|an?|your|my)[ _])?"
    r"(?:(?:right|correct|wrong|incorrect|true|false|misleading|main|other|another|first|second)[ _])?"
    r"(?:label|category)(?: (?:name|here|\d|[a-d]))?|input[ _]text"
)
_FORM = (
    "its right label, one to three words in",
    "another label that the task could give, close but wrong",
    "now be the author of such a text",
    "answer with one json object of three strings",
    "all that this author writes",
    "there is a classifier with this task",
    "you write realistic texts, as people write them at work and at home",
    "each unlike the last in situation, wording and form",
    "your whole answer is one json object with the strings",
    "tell of one situation with people, things and numbers",
    "name neither label, and say nothing of the task or of writing",
    "high school level education",
    "college level education",
    "phd level education",
)
"""Phrases of the prompt `open_labels.yml`, normalised; a test compares them with the file."""

_ABOUT = {
    "difficulty": re.compile(r"\b(?:educat|school|college|degree|level|difficult|stud|read|grade|academ|universit)"),
    "clarity": re.compile(r"\b(?:clear|clarity|ambigu|understand|weather|sky|comprehens|vague|water|skin|image)"),
    "num_words": re.compile(r"\b(?:words?|length|long|short)\b"),
    "language": re.compile(
        r"\b(?:languag|tongue|translat|nation|countr|cuisine|food|dish|subject|cours|cultur|origin|dialect|accent|book|"
        r"literat|people|speak|spoken|region|histor|school)"
    ),
}
"""Attribute → words of a task of which such a value may be a label."""

_QUANTITY = re.compile(
    r"\d|\b(?:rat(?:e|es|ed|ing)|scor|star|number|digit|count|how many|grade|scale|year|age|amount|percent|quantit|"
    r"symbol|emoji|emoticon|smiley|code|size|price)"
)
"""Words of a task of which a number, or a sign, may be a label."""


@lru_cache(maxsize=1 << 14)
def find_label_fault(label: str, other: str, task: str, language: str | None) -> str | None:
    """Reason why a text is not a label of a task with an open label set, or None.

    Args:
        label: As the model wrote it.
        other: The other label of the row.
        task: The task's sentence, normalised.
        language: English name of the language that was asked for.
    """
    form = label_form(label)
    if not any(map(str.isalpha, form)):
        is_number = any(map(str.isdigit, form)) and any(map(str.isdigit, other))
        return None if is_number or _QUANTITY.search(task) else "has no letters"
    return (
        _too_long(form, is_vietnamese=language == "Vietnamese")
        or _of_the_prompt(form, task)
        or _value(form, task, language)
    )


def _too_long(form: str, *, is_vietnamese: bool) -> str | None:
    if unspaced := UNSPACED_LETTER.findall(form):
        most = next(most for letters, most in _MOST_CHARACTERS if letters.fullmatch(form))
        return f"has {len(unspaced)} characters" if len(unspaced) > most else None
    words = len(_words(form))
    return f"has {words} words" if words > (_MOST_SYLLABLES if is_vietnamese else _MOST_WORDS) else None


def _of_the_prompt(form: str, task: str) -> str | None:
    words = _words(form)
    if _FIELD.fullmatch(form.strip(_AROUND)):
        return "is a field of the prompt"
    is_phrase = len(words) >= _FEWEST_OF_SENTENCE or "label" in words or "labels" in words
    if is_phrase and len(words) > 1 and _in_form(" ".join(words)):
        return "is a phrase of the prompt"
    sentence = _words(task)
    is_beginning = len(words) >= _FEWEST_OF_SENTENCE and words == sentence[: len(words)]
    is_most = len(words) >= max(_FEWEST_OF_SENTENCE, min(_SHARE_OF_SENTENCE * len(sentence), _ENOUGH_OF_SENTENCE))
    is_part = is_most and f" {' '.join(words)} " in f" {' '.join(sentence)} "
    return "is a phrase of the task" if is_beginning or is_part else None


def _words(text: str) -> list[str]:
    """Pieces between spaces with a letter or digit: a pattern of letters would cut words of Hindi at each vowel."""
    return [piece.strip(_AROUND) for piece in text.split() if any(map(str.isalnum, piece))]


@lru_cache(maxsize=4_096)
def _in_form(phrase: str) -> bool:
    return any(f" {phrase} " in f" {' '.join(_words(line))} " for line in _FORM)


@lru_cache(maxsize=256)
def _names_of(language: str) -> frozenset[str]:
    """The language's English name, and those that it has for itself."""
    return frozenset(label_form(name) for name in (language, *find_language(language).own_names))


def _value(form: str, task: str, language: str | None) -> str | None:
    form = form.strip(_AROUND)
    if language is not None and form in _names_of(language) and not _ABOUT["language"].search(task):
        return "is the language of the text"
    for name, values in VALUES.items():
        if form in {value.casefold() for value in values} and not _ABOUT[name].search(task):
            return f"is a value of {name}"
    return None
