"""Labels that are everyday words: a text uses them by chance, and its row is rejected as `label_leaked`.

The expected share of such rows follows from the frequency of the word and the planned lengths: of a word that comes up
f times in a word of running text, a text of n words is free with (1 - f)^n. A planned row has two labels of the set. It
is an upper bound of sorts: the prompt asks for texts without the labels. Whether a use of the word counts as a mention
is asked of the leak check itself, which looks for some labels in capitals, or alone between signs, only.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import yaml

from synthetic_textcat.pipelines.quality_report.checks.leakage import find_label_mention
from synthetic_textcat.schemas.attributes import weights_of
from synthetic_textcat.schemas.languages import find_language, rules_code
from synthetic_textcat.schemas.lengths import WORDS, read_length
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.task_input import shown
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.text.unicode import normalised

_USUAL_WORDS = {"less than 10": 6, "at least 10": 30, "at least 50": 75, "at least 100": 130, "at least 200": 240}
"""Words of a text that keeps to its num_words."""

_CHARACTERS_A_WORD = 6.0  # with the space after it

_FILE = Path(__file__).with_name("word_frequencies.yml")
_ALONE = 0.1
"""Share of the uses of a word that begin a sentence or stand between signs; our estimate."""

_MOST_NAMED = 8
_LEAST_SHOWN = 0.01


def warnings_about_everyday_labels(tasks: Sequence[Task], sampling: AttributeSamplingParameters) -> Iterator[str]:
    """One line for each task with labels that are everyday words of a planned language, with the expected loss."""
    for task in tasks:
        languages = weights_of("language", sampling.language if task.language is None else task.language)
        lengths = weights_of("num_words", sampling.num_words if task.num_words is None else task.num_words)
        odds: dict[float, float] = {}
        for name, share in lengths.items():
            words = float(_USUAL_WORDS.get(name) or _usual_words(name))
            odds[words] = odds.get(words, 0.0) + float(share)
        leaks: dict[str, float] = {}
        of_languages: dict[str, None] = {}
        for language, share in languages.items():
            for label in task.label_names:
                if frequency := _frequency(label, language):
                    of_languages[language] = None
                    leaks[label] = leaks.get(label, 0.0) + float(share) * _leaked(label, language, frequency, odds)
        if leaks:
            yield _line(task, leaks, list(of_languages))


def _usual_words(num_words: str) -> float:
    """Words of a text that keeps to a range: its middle, or a third more than a lower bound alone."""
    length = read_length(num_words)
    middle: float = length.least * 4 / 3 if length.upper is None else (length.least + length.upper) / 2
    return middle if length.unit == WORDS else middle / _CHARACTERS_A_WORD


def _line(task: Task, leaks: Mapping[str, float], languages: Sequence[str]) -> str:
    named = ", ".join(repr(label) for label in list(leaks)[:_MOST_NAMED])
    more = f" and {len(leaks) - _MOST_NAMED} more" if len(leaks) > _MOST_NAMED else ""
    share = min(1.0, sum(leaks.values()) * 2 / len(task.labels))
    rows = f"Up to {share:.0%}" if share >= _LEAST_SHOWN else "Less than 1%"
    labels = "labels" if len(leaks) > 1 else "label"
    are = "are everyday words" if len(leaks) > 1 else "is an everyday word"
    spoken = languages[0] if len(languages) == 1 else f"{len(languages)} languages"
    return (
        f"Task {shown(task.task)}: the {labels} {named}{more} {are} of {spoken}. {rows} of its rows may be rejected as "
        "label_leaked, since their texts use the word. Next: name them by two words in the tasks file, or set "
        "quality_report.flag_only to [label_leaked]"
    )


def _leaked(label: str, language: str, frequency: float, odds: Mapping[float, float]) -> float:
    """Share of the texts that mention the label by chance."""
    found = frequency * _share_of_uses(label, language)
    return float(sum(share * (1 - (1 - found) ** words) for words, share in odds.items()))


def _share_of_uses(label: str, language: str) -> float:
    """Share of the uses of the word that the leak check takes for a mention."""
    word = normalised(label)
    if find_label_mention(f"xx {word} xx", label, language) is not None:
        return 1.0
    uses = (f"{word}, xx", f"{word.capitalize()}, xx", f"xx {word.capitalize()} xx")
    return _ALONE if any(find_label_mention(use, label, language) is not None for use in uses) else 0.0


def _frequency(label: str, language: str) -> float:
    """Frequency of the label in running text, as a share of words; 0 if it is not an everyday word, or in capitals."""
    if label.isupper() and len(label) > 1:  # the leak check looks for these in capitals
        return 0.0
    return _table().get(rules_code(find_language(language)), {}).get(normalised(label), 0.0)


@cache
def _table() -> Mapping[str, Mapping[str, float]]:
    raw = yaml.load(_FILE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return {
        code: {word: per_million / 1e6 for per_million, words in classes.items() for word in words.split()}
        for code, classes in raw.items()
    }
