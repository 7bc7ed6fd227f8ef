"""Each provider class, in an environment of its own, against a loopback server in its vendor's wire format."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import pytest

from synthetic_textcat.llm.providers.class_facts import class_facts, put
from tests.providers.environments import ask
from tests.providers.vendors import COUNTED, VENDORS, Vendor
from tests.providers.wire import cases
from tests.providers.wire.cases import KEY, REFUSAL, ROW
from tests.providers.wire.server import WireServer

_AT_ONCE = 12
_RETRIES = 2
_LLM = {"temperature": 0.0, "top_p": None, "max_tokens": 700}


class Found(NamedTuple):
    """What a vendor's class made of its server's answers.

    Attributes:
        results: Name of a run → what `asking.py` prints.
        servers: Name of a run → its server.
    """

    vendor: Vendor
    results: dict[str, Any]
    servers: dict[str, WireServer]

    def rows(self, run: str) -> list[dict[str, Any]]:
        """The completions of a run."""
        assert self.results[run]["fatal"] is None
        rows: list[dict[str, Any]] = self.results[run]["completions"]
        return rows


def _runs(vendor: Vendor) -> dict[str, tuple[list[str], dict[str, Any], float]]:
    """Name of a run → the server's cases, what is asked, and how long each answer takes."""
    replies = list(vendor.outcomes)
    many = {"calls": 3 * _AT_ONCE, "generation": {"max_concurrency": _AT_ONCE}}
    runs: dict[str, tuple[list[str], dict[str, Any], float]] = {
        "replies": (replies, {"calls": len(replies), "retries": 0}, 0.0),
        "wrong key": (["401"], {"calls": 28, "generation": {"max_concurrency": 8}}, 0.0),
        "redirect": ([cases.REDIRECT], {}, 0.0),
        "429": (["429"], {}, 0.0),
        "500": (["500"], {}, 0.0),
        "recovered": (["500", "429", cases.GOOD], {}, 0.0),
        "at once": ([cases.GOOD], many, 1.0),
    }
    return runs | ({"by environment": ([cases.GOOD], {}, 0.0)} if _variable(vendor) else {})


def _variable(vendor: Vendor) -> str | None:
    """The variable that holds the address; None if the class reads none."""
    facts = class_facts(vendor.class_path)
    return next(iter(facts.variables), None) if facts.is_known else "OPENAI_BASE_URL"


@pytest.fixture(scope="module", params=VENDORS)
def found(request: pytest.FixtureRequest) -> Iterator[Found]:
    """All runs of a vendor's class, in one process of its environment."""
    vendor = VENDORS[request.param]
    facts = class_facts(vendor.class_path)
    runs, servers, asked = _runs(vendor), {}, []
    variables = dict(vendor.variables)
    with ExitStack() as stack:
        for name, (replies, given, delay_s) in runs.items():
            server = stack.enter_context(WireServer(vendor.wire, replies, delay_s))
            servers[name] = server
            address = f"{server.url}{vendor.path}"
            kwargs: dict[str, Any] = {"max_retries": given.pop("retries", _RETRIES), "timeout_seconds": 60}
            if name == "by environment" and (variable := _variable(vendor)):
                variables[variable] = address
            else:
                put(kwargs, facts.argument or "base_url", address)
            asked.append(
                {"class_path": vendor.class_path, "kwargs": kwargs, "llm": {**_LLM, **vendor.settings}, **given}
            )
        answers = ask(vendor.environment, asked, variables)
        yield Found(vendor, dict(zip(runs, answers, strict=True)), servers)


def test_each_reply_has_its_cause_its_tokens_and_its_row(found: Found) -> None:
    rows = dict(zip(found.vendor.outcomes, found.rows("replies"), strict=True))
    assert {case: row["cause"] for case, row in rows.items()} == dict(found.vendor.outcomes)
    tokens = {case: found.vendor.tokens.get(case, COUNTED) for case in rows}
    assert {case: row["tokens"] for case, row in rows.items()} == tokens
    assert all(row["row"] == ROW for row in rows.values() if row["cause"] == "accepted")
    assert all("draft" not in row["raw_text"] for case, row in rows.items() if case != cases.ENDLESS)
    assert all(REFUSAL in row["refusal"] for row in rows.values() if row["cause"] == "refused")


def test_the_journal_has_the_servers_name_of_the_model_where_it_is_passed_on(found: Found) -> None:
    [row] = found.rows("recovered")[-1:]
    assert (row["model_name"] == "m-served") == found.vendor.served


def test_a_wrong_key_costs_one_request_names_its_variable_and_is_not_shown(found: Found) -> None:
    result, server = found.results["wrong key"], found.servers["wrong key"]
    assert len(server.asked) == 1
    assert result["completions"] == [] or len(result["completions"]) == 1
    assert f"Next: set {found.vendor.key_words}" in result["fatal"]
    assert KEY not in str(result)


def test_a_redirect_is_not_followed(found: Found) -> None:
    paths = {asked.path for asked in found.servers["redirect"].asked}
    assert ("/elsewhere" in paths) == found.vendor.follows_redirects


@pytest.mark.parametrize(("run", "status"), [("429", "rate_limited"), ("500", "server_error")])
def test_retries_are_by_our_count(found: Found, run: str, status: str) -> None:
    assert len(found.servers[run].asked) == 1 + _RETRIES
    assert {row["status"] for row in found.rows(run)} == {status}
    assert KEY not in str(found.results[run])


def test_a_row_is_good_after_a_server_error_and_a_rate_limit(found: Found) -> None:
    assert len(found.servers["recovered"].asked) == 3
    assert found.rows("recovered")[-1]["row"] == ROW


def test_as_many_calls_are_in_flight_as_are_asked_for(found: Found) -> None:
    assert len(found.rows("at once")) == 3 * _AT_ONCE
    assert _AT_ONCE * 3 // 4 <= found.servers["at once"].most_in_flight <= _AT_ONCE  # a busy machine starts them slowly


def test_an_address_in_the_environment_is_asked_and_part_of_the_fingerprint(found: Found) -> None:
    if _variable(found.vendor):
        assert len(found.servers["by environment"].asked) == 1
        assert found.rows("by environment")[0]["row"] == ROW
    fingerprints = [result["fingerprint"] for result in found.results.values()]
    assert len(set(fingerprints)) == len(fingerprints)


def test_token_limit_and_a_temperature_of_zero_reach_the_server(found: Found) -> None:
    sent = dict(_numbers(found.servers["replies"].asked[0].body))
    assert 700 in sent.values()
    assert sent["temperature"] < 1e-6  # Groq's class sends 1e-8


def _numbers(body: Any) -> Iterator[tuple[str, float]]:
    """Names and values of the numbers anywhere in a request."""
    for name, value in body.items() if isinstance(body, dict) else ():
        if isinstance(value, int | float):
            yield name, value
        else:
            yield from _numbers(value)
