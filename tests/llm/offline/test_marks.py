"""Marks number the label of a placeholder, by an order that does not depend on how a prompt lists the labels."""

import pytest

from synthetic_textcat.llm.offline.grammar import known_tasks, load_grammar
from synthetic_textcat.llm.offline.lexicon import Lexicon
from synthetic_textcat.llm.offline.marks import INVENTED, label_order, mark_of, marked_place
from synthetic_textcat.llm.offline.other_languages import language_grammar
from tests.llm.offline.rehearsal import tasks

GRAMMAR = load_grammar(known_tasks()[tasks()[0].task])


def test_the_order_is_that_of_the_grammar_or_of_the_alphabet() -> None:
    own = tasks()[0].label_names
    assert label_order(GRAMMAR, own[::-1]) == label_order(GRAMMAR, own[1:3]) == label_order(GRAMMAR, ()) == own
    assert label_order(GRAMMAR, (own[2], "Chess", own[0])) == tuple(sorted(("Chess", own[0], own[2])))
    assert label_order(None, ("b", "a")) == ("a", "b")
    assert label_order(None, ()) == INVENTED


@pytest.mark.parametrize("names", [("a", "b", "c"), ("1", "2", "3"), ("offline", "online", "out"), ("n2", "n3", "n4")])
@pytest.mark.parametrize("code", ["en", "de", "th"])
def test_a_mark_names_no_label_and_stands_for_the_place_of_its_own(names: tuple[str, ...], code: str) -> None:
    marks = [mark_of(name, names, names, code) for name in names]
    assert len(set(marks)) == len(names)
    assert (marks[0] == "") == (code == "en")
    places = [marked_place(f"{mark} a text") for mark in marks]
    assert places == [None if code == "en" else 0, 1, 2]


def test_a_word_is_of_the_label_whose_templates_alone_have_it() -> None:
    sport = Lexicon(GRAMMAR).read("The Otters beat the Lynxes by three goals")
    assert sport.labels == ("Sport",)
    german = Lexicon(language_grammar("de"))
    assert german.read("Der Nachtzug nach Kassel fiel aus.").labels == ("train",)
    assert german.read("Der Nachtzug nach Kassel fiel aus.").fit == 1
    assert german.read("They forgot the sauce.").fit < 0
    assert german.read("包裹从兰州寄出已经五天了").words == 0
    assert Lexicon(language_grammar("zh-Hans")).read("包裹从兰州寄出已经五天了。").labels[0] == "parcel"
