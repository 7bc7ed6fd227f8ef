"""The cache of results: it changes nothing but the time, and stays within its bound."""

from synthetic_textcat.llm.replies.parsing import ResultCache, key_of, parse
from synthetic_textcat.schemas.completions import LabelSetReply, Problem, Reply, TaskList
from tests.llm.builders import completion

_KILOBYTE = 1_000


def _reply(number: int) -> Reply:
    return Reply(input_text=f"{number}" + "x" * _KILOBYTE, label="A", misleading_label="B")


def _filled(cache: ResultCache, numbers: range, is_costly: bool) -> None:
    for number in numbers:
        cache.keep(b"%d" % number, _reply(number), is_costly)


def test_a_reply_that_is_asked_for_again_is_the_same_object() -> None:
    for text in ('{"input_text": "once", "label": "A", "misleading_label": "B"}', "```['once']```", "once"):
        for wanted in (Reply, TaskList, LabelSetReply):
            assert parse(completion(text, run_id="1"), wanted) is parse(completion(text, run_id="2"), wanted)


def test_what_a_result_depends_on_is_in_the_key() -> None:
    keys = {
        key_of(text, wanted, cut)
        for text in ("a", "b", "\ud800")
        for wanted in (Reply, TaskList)
        for cut in (True, False)
    }
    assert len(keys) == 12
    text = '{"input_text": "a", "label": "A", "misl'
    assert parse(completion(text, finish_reason="length"), Reply) != parse(completion(text), Reply)


def test_when_it_is_full_the_first_results_stay() -> None:
    cache = ResultCache(largest=20 * 2 * _KILOBYTE)
    _filled(cache, range(100), is_costly=False)
    assert 10 < len(cache) < 40
    assert [cache.get(b"%d" % number) for number in range(10)] == [_reply(number) for number in range(10)]
    assert cache.get(b"99") is None


def test_costly_results_take_the_place_of_cheap_ones_and_never_the_other_way_round() -> None:
    cache = ResultCache(largest=20 * 2 * _KILOBYTE)
    _filled(cache, range(100), is_costly=False)
    held = len(cache)
    _filled(cache, range(1_000, 1_000 + held), is_costly=True)
    _filled(cache, range(2_000, 2_100), is_costly=False)
    _filled(cache, range(3_000, 3_100), is_costly=True)
    assert len(cache) == held
    assert all(cache.get(b"%d" % number) == _reply(number) for number in range(1_000, 1_000 + held))


def test_large_and_nested_results_count_with_all_of_their_texts() -> None:
    cache = ResultCache(largest=200 * _KILOBYTE)
    tasks = TaskList(tasks=["Sort the letters by who wrote them."] * 1_000)
    for number in range(10):
        cache.keep(b"tasks%d" % number, tasks, is_costly=True)
        cache.keep(b"problem%d" % number, Problem("invalid_json", "x" * 90 * _KILOBYTE), is_costly=True)
    assert len(cache) <= 3


def test_one_that_is_larger_than_the_cache_is_not_kept() -> None:
    cache = ResultCache(largest=_KILOBYTE)
    cache.keep(b"a", _reply(1), is_costly=True)
    assert len(cache) == 0
    assert cache.get(b"a") is None
