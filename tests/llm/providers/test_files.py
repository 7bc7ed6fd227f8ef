"""The provider files: whole, in a fixed order, each fact with its source."""

import re
from typing import get_args

from synthetic_textcat.llm.providers.files import Kind, ProviderFact, provider_facts
from tests.support.each_case import each_of

_FACTS = [fact for kind in get_args(Kind) for fact in provider_facts(kind)]
_MEANINGS = {
    "finish_reason": {"stop", "length", "content_filter"},
    "finish_field": {""},
    "thoughts_field": {""},
    "usage": {"prompt", "completion", "cached", "cache_written"},
}


@each_of("kind", get_args(Kind))
def test_openai_comes_first_then_the_providers_by_name_then_any(kind: Kind) -> None:
    providers = list(dict.fromkeys(fact.provider for fact in provider_facts(kind)))
    assert providers == sorted(providers, key=lambda name: (name != "openai", name == "any", name))


@each_of("kind", _MEANINGS)
def test_a_word_has_a_meaning_that_we_know(kind: Kind) -> None:
    facts = provider_facts(kind)
    assert {fact.meaning for fact in facts} == _MEANINGS[kind]
    assert all(fact.words for fact in facts)
    assert len({fact.words for fact in facts}) == len(facts)


def test_each_fact_names_its_source() -> None:
    assert [fact for fact in _FACTS if not re.fullmatch(r"https://\S+", fact.source)] == []


def test_only_errors_are_recognised_by_more_than_words() -> None:
    def more(fact: ProviderFact) -> str:
        return fact.status + fact.body + fact.code + fact.exception + fact.tried

    assert [fact for fact in _FACTS if fact.kind != "error" and more(fact)] == []
