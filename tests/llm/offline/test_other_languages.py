"""Texts in other languages than English: the grammar files, lengths, marks, labels, and the language in a prompt."""

import json
import re
from collections.abc import Iterator, Sequence
from statistics import mean
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from synthetic_textcat.hashing import draw_int
from synthetic_textcat.llm.offline.grammar import compile_template, load_yaml
from synthetic_textcat.llm.offline.marks import MARKS
from synthetic_textcat.llm.offline.orthography import ENGLISH, leaks, orthography_of
from synthetic_textcat.llm.offline.other_languages import authored_languages, language_grammar
from synthetic_textcat.llm.offline.prompt_reader import find_requested_language
from synthetic_textcat.llm.offline.replies import reply
from synthetic_textcat.llm.offline.writer import LENGTHS, SHORT
from synthetic_textcat.pipelines.quality_report.checks.language import check_language
from synthetic_textcat.pipelines.quality_report.checks.leakage import find_label_mention
from synthetic_textcat.pipelines.quality_report.checks.scripts import letters_by_script, scripts_of
from synthetic_textcat.schemas.attributes import VALUES
from synthetic_textcat.schemas.languages import Language, find_language, languages
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.text.unicode import normalised
from tests.llm.offline.rehearsal import lix, plan_of, prompt_of, schema_of, tasks
from tests.support.each_case import each_case, each_of
from tests.support.examples import cases

AUTHORED = ("ar", "de", "es", "fr", "hi", "tr", "zh-Hans")
OTHERS = tuple(language for language in languages() if language.code != "en")
OWN_TASK = Task.model_validate({"task": "Sort a knitting pattern.", "labels": ["scarf", "mitten", "hat"]})
LEVELS = VALUES["difficulty"]

Texts = Annotated[list[str], Field(min_length=3)]


class Levels(BaseModel):
    """One list of phrases for each difficulty."""

    model_config = ConfigDict(extra="forbid")
    high_school: list[str] = Field(alias="high school", min_length=1)
    college: list[str] = Field(min_length=2)
    phd: list[str] = Field(alias="PhD", min_length=2)


class Topic(BaseModel):
    """What a grammar file has for one topic."""

    model_config = ConfigDict(extra="forbid")
    slots: dict[str, Texts]
    short: list[str] = Field(min_length=6)
    sentences: list[str] = Field(min_length=8)


class LanguageFile(BaseModel):
    """A grammar file of a language."""

    model_config = ConfigDict(extra="forbid")
    slots: dict[str, Texts]
    graded: dict[str, Levels]
    short_hedges: Texts
    hedges: Texts
    asides: Texts
    openers: list[str] = Field(min_length=10)
    lead_ins: Levels
    connectives: Levels
    fillers: list[str] = Field(min_length=8)
    topics: dict[str, Topic] = Field(min_length=8)


def write(task: Task, number: int, language: str, **fixed: str) -> tuple[str, dict[str, Any]]:
    """A text and what was planned for it, through a prompt that asks for the language."""
    planned = plan_of(task, number, fixed)
    prompt = prompt_of(task, planned).replace("in English", f"written in {language}")
    answer = reply(prompt, schema_of(task.label_names), draw_int(53, "row", number), {})
    row: dict[str, Any] = json.loads(answer.content)
    return row["input_text"], {**planned, "reply": row}


def own_letters(text: str, language: Language) -> float:
    letters = letters_by_script(text)
    return sum(letters.get(script, 0) for script in scripts_of(language)) / sum(letters.values())


def test_the_languages_with_a_grammar_of_their_own() -> None:
    assert authored_languages() == AUTHORED


@pytest.mark.parametrize("code", ["en", *AUTHORED])
def test_each_authored_language_has_a_grammar_file_as_it_should_be(code: str) -> None:
    if code == "en":  # its grammars are by task, with what they share in one file
        common = load_yaml("_common")
        assert {*common} == {"slots", "graded", "short_hedges", "connectives", "registers"}
        return
    raw = load_yaml(f"languages/{code}")
    file = LanguageFile.model_validate(raw)
    known = file.slots.keys() | file.graded.keys()
    shared = [*file.fillers, *file.openers, *(text for values in file.slots.values() for text in values)]
    used = {name for text in shared for _, name in compile_template(text) if name}
    assert used <= known
    for topic in file.topics.values():
        texts = [*topic.short, *topic.sentences]
        assert len(set(texts)) == len(texts)
        slots = {name for text in texts for _, name in compile_template(text) if name}
        assert slots <= known | topic.slots.keys()
        assert topic.slots.keys() <= slots
        used |= slots
    assert used >= known
    for text in phrases(raw):
        assert "  " not in text
        assert text == text.strip() or text.startswith(" ")  # a connective begins with its space
        assert not re.search(r"[a-z]", text) or find_language(code).script == "Latn" or "<" in text, text


def phrases(part: Any) -> Iterator[str]:
    """All texts in a grammar file."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict | list):
        for each in part.values() if isinstance(part, dict) else part:
            yield from phrases(each)


@each_case(cases(OTHERS, 8), lambda language: language.code)
def test_a_text_has_its_length_and_its_script_and_is_the_same_again(language: Language) -> None:
    orthography = orthography_of(language)
    task = tasks()[len(language.name) % len(tasks())]
    for number, (num_words, (low, high)) in enumerate(LENGTHS.items()):
        text, planned = write(task, number, language.name, num_words=num_words)
        assert low <= orthography.words(text) <= high
        assert own_letters(text, language) > 0.5
        if number == len(language.code) % 2:  # a short text, or one of sentences
            assert write(task, number, language.name, num_words=num_words)[0] == text
        assert "  " not in text
        if task.labels:
            assert (planned["reply"]["label"], planned["reply"]["misleading_label"]) == (
                planned["label"],
                planned["misleading_label"],
            )
    short = language_grammar(language.code).labels
    assert all(voice.short for voice in short.values())


@each_case(("sr-Latn", "sr-Latn-ME", "mn-Mong", "ku-Arab", "dv", "got", "yue"))
def test_a_text_in_a_tagged_language_is_in_its_script(tag: str) -> None:
    language = find_language(tag)
    for number in range(3):
        text, _ = write(OWN_TASK, number, language.name, num_words="at least 10")
        assert own_letters(text.removeprefix(MARKS[0]), language) > 0.9
        assert check_language(text, language.name).verdict != "wrong"


@each_case(cases(OTHERS, 8), lambda language: language.code)
def test_a_placeholder_says_that_it_is_one(language: Language) -> None:
    text, _ = write(OWN_TASK, 1, language.name)
    assert text.startswith(MARKS[0])
    text, _ = write(tasks()[0], 1, language.name)
    assert text.startswith(MARKS[0]) == (language.code not in AUTHORED)


def test_a_mark_that_is_a_label_gives_way_to_another() -> None:
    task = Task.model_validate({"task": "Tell whether a shop is there.", "labels": ["online", "offline"]})
    text, _ = write(task, 3, "Swedish")
    assert text.startswith(MARKS[1])
    assert not leaks(text, task.label_names)


@each_of(
    ("language", "labels"),
    [
        ("German", ["Rechnung", "Lieferung", "Zug", "Garten", "Frage", "Paket", "Zimmer"]),
        ("French", ["colis", "facture", "train", "chambre", "réponse", "application", "médecin"]),
        ("Spanish", ["paquete", "factura", "tren", "habitación", "respuesta", "jardín"]),
        ("Turkish", ["fatura", "koli", "tren", "oda", "menü", "ders"]),
        ("Chinese (Simplified)", ["包裹", "账单", "火车", "医院", "是", "否", "app"]),
        ("Arabic", ["الطرد", "الإيصال", "القطار", "المستشفى"]),
        ("Hindi", ["पार्सल", "बिल", "अस्पताल", "सामान"]),
        ("Russian", ["понедельник", "Канада", "Китай", "январь"]),
    ],
)
def test_a_label_in_the_texts_own_language_is_not_named(language: str, labels: list[str]) -> None:
    task = Task.model_validate({"task": "Sort a message.", "labels": labels})
    for number in range(8):
        text, planned = write(task, number, language)
        for label in (planned["label"], planned["misleading_label"]):
            assert find_label_mention(normalised(text), normalised(label), language) is None, text


@each_case(cases(AUTHORED, 3))
def test_no_shipped_label_stands_in_a_topic(code: str) -> None:
    """Of the labels of the shipped tasks only words that the language has too can be named, and those are avoided."""
    language = find_language(code)
    for number in range(18):
        task = tasks()[number % len(tasks())]
        text, planned = write(task, number, language.name)
        assert not leaks(text, (planned["reply"]["label"], planned["reply"]["misleading_label"]))


@pytest.mark.parametrize("name", cases(["German", "French", "Spanish", "Turkish", "Russian"], 5))
def test_readability_rises_with_difficulty(name: str) -> None:
    own = [
        write(tasks()[n % len(tasks())], n, name, num_words="at least 50", difficulty=LEVELS[n % 3]) for n in range(60)
    ]
    means = [mean(lix(text) for text, planned in own if planned["difficulty"] == level) for level in LEVELS]
    assert means[0] < means[1] < means[2], means


@pytest.mark.parametrize(
    ("name", "analyzer"), cases([("German", "word"), ("Chinese (Simplified)", "char"), ("Swahili", "word")], 3)
)
def test_labels_can_be_learned(name: str, analyzer: str) -> None:
    # Here, so that the test processes that run other tests don't load it.
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.model_selection import cross_val_score
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    task = next(task for task in tasks() if len(task.labels) >= 5)
    written = [write(task, number, name) for number in range(100)]
    model = make_pipeline(TfidfVectorizer(analyzer=analyzer), MultinomialNB(alpha=0.1))
    texts, labels = [text for text, _ in written], [planned["label"] for _, planned in written]
    assert cross_val_score(model, texts, labels, cv=3, scoring="f1_macro").mean() > 0.6


@each_case(AUTHORED)
def test_each_label_of_a_shipped_task_has_a_topic_of_its_own(code: str) -> None:
    assert len(language_grammar(code).labels) >= max(len(task.labels) for task in tasks())


@each_of(
    ("prompt", "name"),
    [
        ("It is written in German.", "German"),
        ("Language: Hindi Romanized", "Hindi Romanized"),
        ("The language is Chinese (Traditional), and Latin is not asked for.", "Chinese (Traditional)"),
        ('Like this: "The manual is in Spanish." Everything in Turkish.', "Turkish"),
        ("English, at least 10, clear. Not A but B!", "English"),
        ("A review of a Turkish restaurant, written in French", "French"),
        ('The language: "Korean"', "Korean"),
        ("No language is named.", "English"),
        ("A Frenchman and a Germanic word", "English"),
    ],
)
def test_the_language_is_read_from_the_prompt(prompt: str, name: str) -> None:
    assert find_requested_language(prompt).name == name


@each_case(languages(), lambda language: language.code)
def test_every_language_is_read_from_a_prompt(language: Language) -> None:
    assert find_requested_language(f"- is written in {language.name}; the two labels stay.") == language
    assert find_requested_language(f"{language.name}, at least 10 words") == language


def test_sentences_are_written_as_the_language_does() -> None:
    turkish, spanish, chinese = (orthography_of(find_language(code)) for code in ("tr", "es", "zh-Hans"))
    assert turkish.sentence("iki gün önce") == "İki gün önce."
    assert spanish.sentence("¿dónde está?") == "¿Dónde está?"
    assert chinese.join("你好，", chinese.sentence("包裹没到")) == "你好，包裹没到。"  # noqa: RUF001
    assert orthography_of(find_language("hi")).sentence("हाँ") == "हाँ।"
    assert ENGLISH.sentence("a apple") == orthography_of(find_language("en")).sentence("a apple") == "An apple."
    assert (chinese.words("我们在北京住了二十年"), turkish.words("iki gün önce")) == (7, 3)


@each_of(
    ("text", "label", "named"),
    [
        ("Die Rechnungen fehlen.", "Rechnung", True),
        ("Die Rechnungsnummer fehlt.", "Rechnung", False),
        ("the technical support", "technical_support", True),
        ("打开app后", "app", True),
        ("这个包裹没到", "包裹", True),
        ("是的", "是", False),
        ("A1 is not a", "a", True),
        ("anything", "any", False),
        ("ein Zugabteil", "Zug", False),
        ("nothing", "", False),
    ],
)
def test_a_label_is_found_in_a_text(text: str, label: str, named: bool) -> None:
    assert leaks(text, (label,)) == named


def lengths_of(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def test_a_short_text_is_short_with_its_mark() -> None:
    texts = [write(OWN_TASK, number, "German", num_words=SHORT)[0] for number in range(40)]
    assert max(lengths_of(texts)) <= 9
    assert len(set(texts)) >= 39
