# ruff: noqa: RUF001  letters of one script that look like those of another are the point here
"""When a text names a label."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_textcat.pipelines.quality_report.checks.leakage import find_label_mention
from synthetic_textcat.text.unicode import normalised
from tests.llm.offline.rehearsal import closed_tasks
from tests.support.each_case import each_of


def _named(text: str, label: str, language: str | None = "English") -> bool:
    return find_label_mention(normalised(text), normalised(label), language) is not None


@each_of(
    ("text", "label"),
    [
        ("It was bad.", "bad"),
        ("BAD service", "bad"),
        ("so (bad)!", "bad"),
        ("«bad» — they said", "bad"),
        ("a not-bad day", "bad"),
        ("bad's the word", "bad"),
        ("\uff22\uff41\uff44 idea", "bad"),
        ("bad", "bad"),
        ("die STRASSE hier", "Straße"),
        ("good\u00a0 news at\nlast", "Good news at last"),
        ("I write C++ daily", "C++"),
        ("what is 50% off?", "50%"),
        ("Это плохо, правда", "Плохо"),
        ("今日 スポーツ です", "スポーツ"),
        ("technical support, please", "technical_support"),
        ("ask Technical-Support", "technical support"),
        ("see technical_support", "Technical support"),
        ("self care helps", "Self-care"),
        ("a -5 here", "-5"),
        ("cafe\u0301 culture", "café"),
    ],
)
def test_a_label_in_the_text_is_a_leak(text: str, label: str) -> None:
    assert _named(text, label)


@each_of(
    ("text", "label"),
    [
        ("a badge", "bad"),
        ("forbad it", "bad"),
        ("bad_news", "bad"),
        ("bad2", "bad"),
        ("неплохо", "плохо"),
        ("badé", "bad"),
        ("C", "C++"),
        ("good old news", "good news"),
        ("a.b", "a b"),
        ("axb", "a.b"),
    ],
)
def test_a_label_within_a_longer_word_is_no_leak(text: str, label: str) -> None:
    assert not _named(text, label)


@pytest.mark.parametrize(("text", "label"), [("खेलों में", "खेल"), ("का", "क"), ("מַלְכָּה", "מַל")])
def test_a_vowel_sign_does_not_end_a_word(text: str, label: str) -> None:
    assert not _named(text, label)


@each_of(
    ("text", "label"),
    [
        ("私はスポーツが好きです", "スポーツ"),
        ("我想申请退款谢谢", "退款"),
        ("ผมต้องการคืนเงินครับ", "คืนเงิน"),
        ("ຂ້ອຍຕ້ອງການເງິນຄືນດຽວນີ້", "ເງິນຄືນ"),
        ("ខ្ញុំចង់បានប្រាក់វិញឥឡូវ", "ប្រាក់"),
        ("ငါပြန်အမ်းငွေလိုချင်တယ်", "ပြန်အမ်း"),
        ("这是iPhone手机的", "iPhone手机"),
        ("他说：好。", "好"),
        ("我喜欢sport和音乐", "Sport"),
    ],
)
def test_a_script_that_sets_no_spaces_is_searched_within(text: str, label: str) -> None:
    assert _named(text, label)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("这个问题很好解决", "好"),  # one character is in everything
        ("스포츠가 좋아요", "스포츠"),  # Korean has spaces; its particles are no rule of ours
        ("这是sports日", "sport"),  # the label is in Latin letters
    ],
)
def test_what_is_no_word_of_such_a_script_is_no_leak(text: str, label: str) -> None:
    assert not _named(text, label, "Chinese (Simplified)")


@each_of(
    ("word", "label"),
    [
        ("refunded", "Refund"),
        ("refunds", "refund"),
        ("causing", "cause"),
        ("caused", "cause"),
        ("planned", "plan"),
        ("quantities", "Quantity"),
        ("dates", "date"),
        ("refund requests", "Refund request"),
        ("water leaking", "Water leak"),
        ("cancelled", "cancel"),
        ("urgently", "Urgent"),
        ("toy", "Toys"),
    ],
)
def test_an_english_label_with_an_ending_is_a_leak(word: str, label: str) -> None:
    assert _named(f"so much {word} today", label)


@each_of(
    ("word", "label"),
    [
        ("news", "new"),
        ("new", "news"),
        ("position", "positive"),
        ("university", "universe"),
        ("universal", "universe"),
        ("minority", "minor"),
        ("civilisation", "civil"),
        ("civilians", "civil"),
        ("generous", "generic"),
        ("businessman", "business"),
        ("emotion", "emote"),
        ("organ", "organisation"),
        ("wishful", "wish"),
        ("placebo", "place"),
        ("datum", "date"),
        ("joyful", "joy"),
        ("person", "persona"),
        ("causal", "cause"),
        ("health care", "healthy"),
        ("ads", "ad"),  # of two letters
        ("requested refund", "Refund request"),
    ],
)
def test_a_word_of_another_sense_is_no_leak(word: str, label: str) -> None:
    assert not _named(f"so much {word} today", label)


@each_of(
    ("word", "label", "language"),
    [
        ("Rechnungen", "Rechnung", "German"),
        ("klachten", "klacht", "Dutch"),
        ("facturas", "factura", "es"),
        ("plaintes", "plainte", "French"),
        ("betalningar", "betalning", "Swedish"),
    ],
)
def test_endings_are_those_of_the_language_asked_for(word: str, label: str, language: str) -> None:
    assert _named(f"{word}!", label, language)
    assert not _named(f"{word}!", label, "Vietnamese")
    assert not _named(f"{word}!", label, None)


def test_the_names_of_our_own_tasks_are_not_seen_where_they_are_not() -> None:
    labels = {label for task in closed_tasks() for label in task.label_names}
    everyday = (
        "The university newspaper said that in this position the minority of serials was civilised, a wishing well is "
        "no placebo, seniority and urgency matter, and the generics of economy and healthcare booked toyshops."
    )
    assert [label for label in labels if _named(everyday, label)] == ["Wish"]


@given(st.text(max_size=40), st.text(min_size=1, max_size=8))
def test_any_text_and_label_are_taken_and_a_label_names_itself(text: str, label: str) -> None:
    find_label_mention(normalised(text), normalised(label), "English")
    if label.isalnum():
        assert _named(f"{text} ({label}) {text}", label)


def test_an_empty_label_is_named_by_nothing() -> None:
    assert not _named("Well, then.", "")


def test_a_long_text_of_one_letter_takes_no_time() -> None:
    begun = time.perf_counter()
    assert not _named("a" * 50_000, "a a")
    assert time.perf_counter() - begun < 5


def test_a_label_of_hundreds_of_characters_is_looked_for_in_its_very_words() -> None:
    label = " ".join(["reports of what went wrong with the names of all who were there"] * 4)
    assert _named(f"Well: {label}. So.", label)
    assert not _named(f"Well: {label}s. So.", label)
    assert not _named(f"Well: {label.replace(' of ', '-of-')}.", label)
    assert _named("看" + "退款" * 150 + "吧", "退款" * 150)


@pytest.mark.parametrize("words", [2, 50, 99, 500])
@pytest.mark.parametrize("text", ["a " * 50_000 + "bx", "a -" * 33_000 + "bx", "a" + "-" * 99_000, "a\u0301 " * 33_000])
def test_a_text_that_repeats_itself_takes_no_time(text: str, words: int) -> None:
    begun = time.thread_time()
    assert not _named(text, "a " * (words - 1) + "b")
    assert time.thread_time() - begun < 0.25
