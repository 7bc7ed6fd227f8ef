"""The fault server over real HTTP: what it answers, how it fails, and whether its counts are true."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import openai
import pytest

from benchmarks.fault_server.arguments import parse
from tests.support.server import FaultServer, flags_of
from tests.support.server_host import ServerHost

_ROOT = Path(__file__).parents[2]
_LABELS = ["Card theft", "Identity theft", "Tax fraud", "Wire fraud"]
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_CONTENT_FAULTS = ("broken_json", "schema_violation", "refusal", "truncated", "content_filter")
_RATES = {"rate_limited": 0.1, "server_error": 0.1, "refusal": 0.1}


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]


def _string(**more: object) -> dict[str, object]:
    return {"type": "string", **more}


def _row_format(labels: list[str] | None = None) -> dict[str, Any]:
    label = _string(enum=labels) if labels else _string()
    properties = {"input_text": _string(), "label": label, "misleading_label": label}
    return _format({"type": "object", "properties": properties})


def _format(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema, "strict": True}}


def _body(prompt: str = 'Write "Wire fraud", not "Card theft".', seed: int = 0, **more: Any) -> dict[str, Any]:
    messages = [
        {"role": "system", "content": f"Labels: {', '.join(_LABELS)}."},
        {"role": "user", "content": prompt},
    ]
    body = {"model": "some-model", "messages": messages, "seed": seed, "response_format": _row_format(_LABELS)}
    return body | more


def _post(server: FaultServer, body: dict[str, Any], key: str = "any", timeout: float = 10) -> Answer:
    request = urllib.request.Request(
        f"{server.url}/chat/completions", json.dumps(body).encode(), {"Authorization": f"Bearer {key}"}
    )
    try:
        with _OPENER.open(request, timeout=timeout) as response:
            return Answer(response.status, json.load(response), dict(response.headers))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, json.load(error), dict(error.headers))


def _content(answer: Answer) -> Any:
    return json.loads(answer.body["choices"][0]["message"]["content"])


def _until(server: FaultServer, name: str, value: int) -> dict[str, Any]:
    """Wait until a count has the value; counts of calls that were broken off follow a moment later."""
    deadline = time.monotonic() + 5
    while (stats := server.stats())[name] != value and time.monotonic() < deadline:
        time.sleep(0.01)
    return stats


@pytest.fixture(scope="module")
def running(server_host: ServerHost) -> Iterator[FaultServer]:
    """One server for all tests of this module that need no option of their own."""
    with server_host.server() as server:
        yield server


@pytest.fixture
def server(running: FaultServer) -> FaultServer:
    """The shared server, healthy and with no counts."""
    running.set_faults(sticky=False, retry_after=0.05, latency_ms=0, latency_sigma=0, known_model=None)
    running.reset()
    return running


class TestReplies:
    """A reply with no fault."""

    def test_has_the_shape_of_an_openai_chat_completion(self, server: FaultServer) -> None:
        """Clients read these fields."""
        answer = _post(server, _body())
        choice, usage = answer.body["choices"][0], answer.body["usage"]
        assert (answer.status, answer.body["object"], answer.body["model"]) == (200, "chat.completion", "some-model")
        assert {"id", "created"} <= set(answer.body)
        assert (choice["finish_reason"], choice["message"]["role"], choice["message"]["refusal"]) == (
            "stop",
            "assistant",
            None,
        )
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
        assert usage["prompt_tokens"] > usage["prompt_tokens_details"]["cached_tokens"] > 0

    def test_takes_the_planned_labels_from_the_quotes_in_the_prompt(self, server: FaultServer) -> None:
        """The first quoted label of the set is the label, the next other one is the misleading label."""
        content = _content(_post(server, _body('In "English": "Wire fraud". Not "Wire fraud" but "Card theft".')))
        assert (content["label"], content["misleading_label"]) == ("Wire fraud", "Card theft")

    def test_falls_back_to_the_first_labels_of_the_set(self, server: FaultServer) -> None:
        """With nothing in quotes there is still a valid reply."""
        content = _content(_post(server, _body("Anything.")))
        assert (content["label"], content["misleading_label"]) == ("Card theft", "Identity theft")

    @pytest.mark.parametrize("ensure_ascii", [True, False])
    def test_finds_labels_that_json_escapes(self, server: FaultServer, ensure_ascii: bool) -> None:
        """Labels may hold quotes and letters of any script."""
        labels = ["plain", 'so "called"', "Überfall"]
        prompt = " ".join(json.dumps(label, ensure_ascii=ensure_ascii) for label in reversed(labels))
        content = _content(_post(server, _body(prompt, response_format=_row_format(labels))))
        assert (content["label"], content["misleading_label"]) == ("Überfall", 'so "called"')

    def test_finds_labels_that_the_schema_fixes(self, server: FaultServer) -> None:
        """As with `llm.labels_in_schema=planned`, whatever the prompt quotes."""
        label, other = _string(const="Tax fraud"), _string(const="Card theft")
        schema = {"properties": {"label": label, "misleading_label": other, "input_text": _string()}}
        content = _content(_post(server, _body(response_format=_format(schema))))
        assert (content["label"], content["misleading_label"]) == ("Tax fraud", "Card theft")

    def test_finds_a_label_set_behind_a_reference(self, server: FaultServer) -> None:
        """Pydantic writes an enum class so."""
        reference = {"$ref": "#/$defs/Label"}
        schema = {
            "$defs": {"Label": {"enum": _LABELS}},
            "properties": {"input_text": {}, "label": reference, "misleading_label": reference},
        }
        assert _content(_post(server, _body(response_format=_format(schema))))["label"] == "Wire fraud"

    def test_reads_content_that_comes_in_parts(self, server: FaultServer) -> None:
        """A message may be a list of parts."""
        parts = [{"type": "text", "text": '"Tax fraud"'}, {"type": "text", "text": '"Wire fraud"'}]
        body = _body() | {"messages": [{"role": "user", "content": parts}]}
        assert _content(_post(server, body))["label"] == "Tax fraud"

    def test_is_a_function_of_the_request_alone(self, server: FaultServer) -> None:
        """The order of keys does not matter, and neither does what came before."""
        body = _body()
        first = _post(server, body).body
        _post(server, _body("Something else."))
        assert _post(server, dict(reversed(body.items()))).body == first

    def test_differs_from_row_to_row_and_never_names_a_label(self, server: FaultServer) -> None:
        """Labels that are words of the server's own list do not slip in either."""
        labels = ["lantern", "art", "anchor", "beside"]
        rows = [_body('"art" or "anchor"', seed, response_format=_row_format(labels)) for seed in range(100)]
        texts = [_content(_post(server, row))["input_text"] for row in rows]
        assert len(set(texts)) == len(texts)
        assert not [text for text in texts for label in labels if label in text.casefold()]

    def test_labels_can_be_learned_from_the_texts(self, server: FaultServer) -> None:
        """Each label has words that come back in its texts."""
        words = {
            label: Counter(
                word
                for seed in range(40)
                for word in set(_content(_post(server, _body(f'"{label}"', seed)))["input_text"].split())
            )
            for label in ("Wire fraud", "Tax fraud")
        }
        telling = [word for word, number in words["Wire fraud"].items() if number > 20 and not words["Tax fraud"][word]]
        assert telling

    def test_thinks_of_tasks_when_the_schema_asks_for_them(self, server: FaultServer) -> None:
        """The brainstorm's schema has one property."""
        schema = _format({"properties": {"tasks": {"type": "array"}}})
        tasks = _content(_post(server, _body(response_format=schema)))["tasks"]
        assert len(set(tasks)) == 12
        assert all(task.endswith(".") for task in tasks)

    def test_proposes_labels_when_the_schema_asks_for_them(self, server: FaultServer) -> None:
        """A label set's schema has one property too."""
        schema = _format({"properties": {"labels": {"type": "array"}}})
        labels = _content(_post(server, _body(response_format=schema)))["labels"]
        assert 2 <= len({label["name"] for label in labels}) == len(labels)
        assert all(label["description"] for label in labels)

    def test_without_a_schema_takes_the_first_quoted_strings(self, server: FaultServer) -> None:
        """Names of the reply's own fields are not labels."""
        prompt = 'Keys "input_text", "label", "misleading_label". "Wire fraud", not "Card theft".'
        content = _content(_post(server, _body(prompt, response_format={"type": "json_object"})))
        assert (content["label"], content["misleading_label"]) == ("Wire fraud", "Card theft")

    @pytest.mark.parametrize("response_format", [None, {"type": "json_object"}, _row_format()])
    def test_invents_labels_where_none_is_known(self, server: FaultServer, response_format: Any) -> None:
        """An open label set needs some label."""
        content = _content(_post(server, _body("Write.", response_format=response_format)))
        assert content["label"].startswith("label-")
        assert content["label"] != content["misleading_label"]


class TestContentFaults:
    """Replies that were paid for and are of no use."""

    @pytest.mark.parametrize("seed", range(6))
    def test_broken_json_does_not_parse(self, server: FaultServer, seed: int) -> None:
        """All variants of it."""
        server.set_faults(broken_json=1)
        with pytest.raises(json.JSONDecodeError):
            _content(_post(server, _body(seed=seed)))

    def test_a_schema_violation_is_a_number_where_a_string_belongs(self, server: FaultServer) -> None:
        """Valid JSON, with all fields."""
        server.set_faults(schema_violation=1)
        content = _content(_post(server, _body()))
        assert set(content) == {"input_text", "label", "misleading_label"}
        assert 7 in content.values()

    def test_a_refusal_has_no_content(self, server: FaultServer) -> None:
        """As OpenAI's structured output refuses."""
        server.set_faults(refusal=1)
        message = _post(server, _body()).body["choices"][0]["message"]
        assert message["content"] is None
        assert message["refusal"]

    def test_a_truncated_reply_ends_for_its_length(self, server: FaultServer) -> None:
        """Cut before the label."""
        server.set_faults(truncated=1)
        choice = _post(server, _body()).body["choices"][0]
        assert choice["finish_reason"] == "length"
        assert choice["message"]["content"].startswith('{"input_text"')
        assert "label" not in choice["message"]["content"]

    def test_a_filtered_reply_is_empty(self, server: FaultServer) -> None:
        """As Azure's filter leaves it."""
        server.set_faults(content_filter=1)
        choice = _post(server, _body()).body["choices"][0]
        assert (choice["finish_reason"], choice["message"]["content"]) == ("content_filter", "")

    @pytest.mark.parametrize("fault", _CONTENT_FAULTS)
    def test_each_is_counted_as_replied(self, server: FaultServer, fault: str) -> None:
        """A reply of no use costs as much as a good one."""
        server.set_faults(**{fault: 1})
        assert _post(server, _body()).status == 200
        stats = server.stats()
        assert (stats["replied"], stats["by_fault"]) == (1, {fault: 1})


class TestErrors:
    """Answers with a status other than 200."""

    @pytest.mark.parametrize(
        ("fault", "status", "code"),
        [
            ("rate_limited", 429, "rate_limit_exceeded"),
            ("quota", 429, "insufficient_quota"),
            ("server_error", 500, None),
            ("bad_key", 401, "invalid_api_key"),
            ("unknown_model", 404, "model_not_found"),
            ("bad_request", 400, None),
        ],
    )
    def test_always(self, server: FaultServer, fault: str, status: int, code: str | None) -> None:
        """Every request gets the fixed failure, with OpenAI's code, until the server is healed."""
        server.set_faults(always=fault)
        answers = [_post(server, _body(seed=seed)) for seed in range(3)]
        assert {(answer.status, answer.body["error"]["code"]) for answer in answers} == {(status, code)}
        assert server.stats()["statuses"] == {str(status): 3}
        server.set_faults()
        assert _post(server, _body()).status == 200

    def test_only_a_rate_limit_says_when_to_come_back(self, server: FaultServer) -> None:
        """An exhausted quota does not pass."""
        server.set_faults(always="rate_limited", retry_after=1.5)
        assert _post(server, _body()).headers["Retry-After"] == "1.5"
        server.set_faults(always="quota")
        assert "Retry-After" not in _post(server, _body()).headers

    def test_a_bad_request_names_response_format(self, server: FaultServer) -> None:
        """So that a client can say which setting to change."""
        server.set_faults(always="bad_request")
        assert "response_format" in _post(server, _body()).body["error"]["message"]

    @pytest.mark.parametrize(
        "body", [{}, {"model": "m", "messages": 5}, {"model": "m", "messages": ["hello"]}, _body(stream=True)]
    )
    def test_what_is_no_chat_request_is_bad(self, server: FaultServer, body: dict[str, Any]) -> None:
        """It is answered and counted, and breaks nothing."""
        assert _post(server, body).status == 400
        stats = server.stats()
        assert (stats["requests"], stats["in_flight"], stats["statuses"]) == (1, 0, {"400": 1})

    def test_only_the_required_key_and_the_known_model_are_served(self, server_host: ServerHost) -> None:
        """The key is neither counted nor shown."""
        with server_host.server(require_key="sk-right", known_model="some-model") as server:
            assert _post(server, _body(), key="sk-wrong").status == 401
            assert _post(server, _body(model="other"), key="sk-right").status == 404
            assert _post(server, _body(), key="sk-right").status == 200
            assert server.stats()["by_fault"] == {"bad_key": 1, "unknown_model": 1}
            assert "sk-" not in json.dumps(server.stats()) + json.dumps(server.set_faults())

    @pytest.mark.parametrize(
        "changes", [{"nosuch": 1}, {"refusal": 1.5}, {"refusal": 0.6, "hang": 0.6}, {"always": "x"}, {"sticky": "yes"}]
    )
    def test_wrong_settings_are_refused(self, server: FaultServer, changes: dict[str, object]) -> None:
        """And change nothing."""
        with pytest.raises(urllib.error.HTTPError) as caught:
            server.set_faults(**changes)
        caught.value.close()
        assert caught.value.code == 400
        assert _post(server, _body()).status == 200


class TestRates:
    """Which request gets which fault."""

    def _statuses(self, server: FaultServer, number: int = 300) -> list[int]:
        return [_post(server, _body(seed=seed)).status for seed in range(number)]

    def test_are_kept(self, server: FaultServer) -> None:
        """Each fault turns up about as often as told."""
        server.set_faults(**_RATES)
        self._statuses(server)
        by_fault = server.stats()["by_fault"]
        assert set(by_fault) == set(_RATES)
        assert all(15 <= number <= 50 for number in by_fault.values())

    def test_repeat_and_follow_the_seed(self, server: FaultServer) -> None:
        """The same requests meet the same faults in every run; another seed deals them anew."""
        server.set_faults(**_RATES)
        first = self._statuses(server, 40)
        server.reset()
        assert self._statuses(server, 40) == first
        server.reset()
        server.set_faults(fault_seed=1, **_RATES)
        assert self._statuses(server, 40) != first
        server.set_faults(fault_seed=0)

    def test_a_retry_can_succeed(self, server: FaultServer) -> None:
        """The same body draws anew each time that it comes."""
        server.set_faults(server_error=0.5)
        statuses = [_post(server, _body()).status for _ in range(20)]
        assert set(statuses) == {200, 500}

    def test_a_sticky_fault_comes_back_on_each_attempt_at_the_row(self, server: FaultServer) -> None:
        """Also when the client has added what was wrong."""
        server.set_faults(refusal=0.5, sticky=True)
        for row in range(10):
            body = _body(f'Write "Wire fraud", not "Card theft", as row {row}.')
            feedback = [{"role": "assistant", "content": "{"}, {"role": "user", "content": "Not JSON."}]
            again = body | {"messages": body["messages"] + feedback}
            attempts = [_post(server, each).body["choices"][0]["message"] for each in (body, body, again)]
            assert len({bool(message["refusal"]) for message in attempts}) == 1
        assert 0 < server.stats()["by_fault"]["refusal"] < 30

    def test_an_attempt_with_feedback_gets_another_text_and_the_same_labels(self, server: FaultServer) -> None:
        """What the model itself said is not searched for labels."""
        body = _body()
        again = body | {"messages": [*body["messages"], {"role": "assistant", "content": '"Tax fraud"'}]}
        first, second = (_content(_post(server, each)) for each in (body, again))
        assert first["input_text"] != second["input_text"]
        assert first["label"] == second["label"]


class TestStats:
    """What the server counts."""

    def test_counts_repeated_bodies_and_those_paid_twice(self, server: FaultServer) -> None:
        """A retry after an error is a repeat, but nothing is paid twice."""
        server.set_faults(always="server_error")
        _post(server, _body())
        server.set_faults()
        _post(server, _body())
        stats = server.stats()
        assert (stats["repeated_bodies"], stats["repeated_prompts"], stats["distinct_bodies"]) == (1, 0, 1)
        _post(server, _body())
        _post(server, _body(seed=1))
        stats = server.stats()
        assert (stats["repeated_bodies"], stats["repeated_prompts"], stats["distinct_bodies"]) == (2, 1, 2)
        assert (stats["requests"], stats["replied"], stats["statuses"]) == (4, 3, {"200": 3, "500": 1})

    def test_shows_the_last_request(self, server: FaultServer) -> None:
        """For asserting what was on the wire."""
        assert server.stats()["last_body"] is None
        body = _body(temperature=0.25)
        _post(server, body)
        assert server.stats()["last_body"] == body

    def test_reset_forgets_all_counts(self, server: FaultServer) -> None:
        """And the settings stay."""
        server.set_faults(refusal=1)
        _post(server, _body())
        server.reset()
        stats = server.stats()
        counts = ("requests", "replied", "repeated_bodies", "repeated_prompts", "distinct_bodies", "abandoned")
        assert [stats[name] for name in counts] == [0] * len(counts)
        assert (stats["by_fault"], stats["statuses"], stats["last_body"]) == ({}, {}, None)
        assert _post(server, _body()).body["choices"][0]["message"]["refusal"]

    def test_counts_what_is_in_flight_and_each_socket(self, server: FaultServer) -> None:
        """Eight at once, each over its own connection (this client keeps none), and one for the counts."""
        server.set_faults(latency_ms=500)
        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(lambda seed: _post(server, _body(seed=seed)).status, range(8)))
        stats = server.stats()
        assert statuses == [200] * 8
        assert (stats["in_flight"], stats["max_in_flight"]) == (0, 8)
        assert stats["connections_opened"] == 8 + 2  # those that change the settings and read the counts
        assert stats["latencies_s"] == [0.5] * 8

    def test_latency_is_long_tailed_and_repeats(self, server: FaultServer) -> None:
        """The same requests take the same time in every run."""
        server.set_faults(latency_ms=2, latency_sigma=0.8)
        seen = []
        for _ in range(2):
            server.reset()
            for seed in range(40):
                _post(server, _body(seed=seed))
            seen.append(server.stats()["latencies_s"])
        assert seen[0] == seen[1]
        assert max(seen[0]) > 2 * sum(seen[0]) / 40

    def test_a_call_whose_client_gave_up_is_not_paid_for(self, server: FaultServer) -> None:
        """It hung, so no answer was lost."""
        server.set_faults(hang=1)
        with pytest.raises(TimeoutError):
            _post(server, _body(), timeout=0.2)
        stats = _until(server, "abandoned", 1)
        assert (stats["in_flight"], stats["abandoned"], stats["replied"]) == (0, 1, 0)
        assert stats["by_fault"] == {"hang": 1}


class TestProcess:
    """The server as a child process."""

    @pytest.mark.whole_run
    def test_ends_on_sigterm_although_a_call_hangs(self) -> None:
        """And at once."""
        with FaultServer(hang=1) as server:
            caller = threading.Thread(target=self._call_that_breaks, args=(server,))
            caller.start()
            _until(server, "in_flight", 1)
            started = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - started < 2
            caller.join()

    @staticmethod
    def _call_that_breaks(server: FaultServer) -> None:
        with pytest.raises((urllib.error.URLError, ConnectionError)):
            _post(server, _body())

    @pytest.mark.whole_run
    def test_ends_when_its_parent_is_killed(self) -> None:
        """A killed test run leaves nothing behind."""
        script = (
            "import time\n"
            "from tests.support.server import FaultServer\n"
            "server = FaultServer().start()\n"
            "print(server.url, server._process.pid, flush=True)\n"
            "time.sleep(60)\n"
        )
        parent = subprocess.Popen([sys.executable, "-c", script], cwd=_ROOT, stdout=subprocess.PIPE, text=True)
        assert parent.stdout is not None
        with parent.stdout:
            url, pid = parent.stdout.readline().split()
        parent.kill()
        parent.wait()
        server = FaultServer()
        server.url = url
        deadline = time.monotonic() + 5
        while self._answers(server) and time.monotonic() < deadline:
            time.sleep(0.02)
        answers = self._answers(server)
        if answers:
            os.kill(int(pid), signal.SIGKILL)
        assert not answers

    @staticmethod
    def _answers(server: FaultServer) -> bool:
        try:
            server.stats()
        except OSError:
            return False
        return True

    @pytest.mark.whole_run
    def test_does_not_start_with_wrong_options(self) -> None:
        """The helper says so, rather than wait for ever."""
        with pytest.raises(RuntimeError, match="did not start"):
            FaultServer(nosuch=1).start()

    @pytest.mark.parametrize("options", [{"refusal": 2}, {"nosuch": 1}, {"canned": True, "always": "quota"}])
    def test_wrong_options_end_the_process(self, options: dict[str, object]) -> None:
        """With what is wrong."""
        with pytest.raises(SystemExit) as caught:
            parse(flags_of(options))
        assert caught.value.code == 2

    def test_canned_sends_the_first_reply_to_all(self, server_host: ServerHost) -> None:
        """And still counts; a reset makes way for another one."""
        with server_host.server(canned=True) as server:
            bodies = [_post(server, _body(seed=seed)).body for seed in (0, 1, 1)]
            stats = server.stats()
            assert bodies == [bodies[0]] * 3
            assert (stats["replied"], stats["distinct_bodies"], stats["repeated_prompts"]) == (3, 2, 1)
            server.reset()
            assert _post(server, _body(seed=1)).body != bodies[0]


class TestOpenAIClient:
    """The server through the real client library."""

    def test_a_faulty_server_is_served_through_retries(self, server: FaultServer) -> None:
        """Retry-After is understood, and each call gets its own good reply in the end."""
        server.set_faults(rate_limited=0.3, server_error=0.1, retry_after=0.01)
        with openai.OpenAI(base_url=server.url, api_key="any", max_retries=8) as client:
            for seed in range(8):
                body = _body(seed=seed)
                reply = client.chat.completions.create(**body)
                assert json.loads(reply.choices[0].message.content or "")["label"] == "Wire fraud"
        stats = server.stats()
        assert (stats["replied"], stats["repeated_prompts"]) == (8, 0)
        assert stats["repeated_bodies"] == stats["requests"] - 8 > 0

    def test_fatal_answers_become_the_clients_own_errors(self, server: FaultServer) -> None:
        """So that a client can tell an empty purse from a busy server."""
        expected = {
            "bad_key": openai.AuthenticationError,
            "unknown_model": openai.NotFoundError,
            "bad_request": openai.BadRequestError,
            "quota": openai.RateLimitError,
        }
        with openai.OpenAI(base_url=server.url, api_key="any", max_retries=0) as client:
            for fault, error in expected.items():
                server.set_faults(always=fault)
                with pytest.raises(error):
                    client.chat.completions.create(**_body())
