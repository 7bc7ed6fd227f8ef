"""The recipe of a chat model: what it refuses, where its calls go, and what it never shows."""

import pickle
from typing import Any

import httpx2
import pytest
import yaml
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import HumanMessage
from pydantic import ConfigDict, Field

from synthetic_textcat.errors import ModelSetupError
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.prompts.messages import Fingerprinter
from synthetic_textcat.redaction import MASK, redact
from synthetic_textcat.schemas.outcomes import OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import LlmParameters
from tests.support.each_case import each_of
from tests.support.model_classes import OFFLINE_CLASS, OPENAI_CLASS

_FAKE_CLASS = "langchain_core.language_models.fake_chat_models.FakeListChatModel"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-abc123")


class SettableFake(FakeListChatModel):
    """A class whose fields are named as those of LangChain's integrations are."""

    model_config = ConfigDict(populate_by_name=True)
    model_name: str = Field("default", alias="model")
    temperature: float | None = 0.1
    top_p: float = 0.1
    max_tokens: int | None = Field(None, alias="max_tokens_to_sample")


def _llm(model: str = "m", **settings: Any) -> LlmParameters:
    return LlmParameters.model_validate({"model": model, **settings})


def _payload(spec: ChatModelSpec, llm: LlmParameters) -> dict[str, Any]:
    model: Any = spec.build(llm)
    payload: dict[str, Any] = model._get_request_payload([("user", "x")])
    return payload


@pytest.mark.parametrize("key", [None, ""])
def test_no_key_is_told_before_any_call(key: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    if key is not None:
        monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(ModelSetupError, match=r"OPENAI_API_KEY is not set: set it to your key, or to any text"):
        ChatModelSpec(OPENAI_CLASS).build(_llm())


def test_the_template_writer_bears_no_other_models_name() -> None:
    with pytest.raises(ModelSetupError, match=r"llm\.model=gpt needs a server: add --env openai"):
        ChatModelSpec(OFFLINE_CLASS).build(_llm("gpt"))


@pytest.mark.parametrize("class_path", [OPENAI_CLASS, _FAKE_CLASS])
def test_no_other_model_bears_the_template_writers_name(class_path: str) -> None:
    with pytest.raises(ModelSetupError, match=f"llm.model={OFFLINE_MODEL} is not a model of {class_path}"):
        ChatModelSpec(class_path).build(_llm(OFFLINE_MODEL))


@each_of("path", ["no.such.Thing", "langchain_openai.ChatOpenAi", "nodots", ""])
def test_an_unknown_class_is_named(path: str) -> None:
    with pytest.raises(ModelSetupError, match=rf"There is no class {path} \(catalog entry llm\)"):
        ChatModelSpec(path).build(_llm())


def _other_llm(**settings: Any) -> LlmParameters:
    """Settings of which the fake class lacks none."""
    return _llm(**{"temperature": None, "top_p": None, **settings})


def test_another_chat_model_of_langchain_is_built_with_its_arguments() -> None:
    model: Any = ChatModelSpec(_FAKE_CLASS, {"responses": ["hello"]}).build(_other_llm())
    assert model.invoke("x").content == "hello"


def test_another_chat_model_gets_the_settings_that_are_not_null() -> None:
    spec = ChatModelSpec(f"{__name__}.SettableFake", {"responses": ["hello"]})
    model: Any = spec.build(_llm("claude", temperature=0.5, top_p=None, max_tokens=7))
    assert (model.model_name, model.temperature, model.top_p, model.max_tokens) == ("claude", 0.5, 0.1, 7)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"temperature": 0.5}, "temperature; set llm.temperature"),
        ({"max_tokens": 5}, "max_tokens; set llm.max_tokens"),
        ({"temperature": 1.0, "top_p": 1.0}, "temperature, top_p; set llm.temperature, llm.top_p"),
    ],
)
def test_a_setting_that_another_class_lacks_is_named(settings: dict[str, Any], names: str) -> None:
    with pytest.raises(ModelSetupError, match=rf"FakeListChatModel .* takes no {names} to null"):
        ChatModelSpec(_FAKE_CLASS, {"responses": ["hello"]}).build(_other_llm(**settings))


def test_a_class_that_is_no_chat_model_is_named() -> None:
    with pytest.raises(ModelSetupError, match=r"json\.JSONDecoder \(catalog entry llm\) is not a LangChain chat model"):
        ChatModelSpec("json.JSONDecoder").build(_llm())


def test_another_classes_address_is_part_of_its_identity() -> None:
    here, there = (ChatModelSpec(_FAKE_CLASS, {"base_url": f"http://{host}"}) for host in ("here", "there"))
    assert here.identity != there.identity


def test_an_argument_that_the_class_refuses_is_an_error_of_ours_and_shows_no_key() -> None:
    with pytest.raises(ModelSetupError, match=r"Can't build langchain_openai\.ChatOpenAI \(catalog entry llm\)") as it:
        ChatModelSpec(OPENAI_CLASS, {"logprobs": "sk-abc123"}).build(_llm())
    assert "sk-abc123" not in str(it.value)
    assert "\n" not in str(it.value)


def test_an_argument_that_the_class_refuses_is_named() -> None:
    with pytest.raises(ModelSetupError, match="logprobs"):
        ChatModelSpec(OPENAI_CLASS, {"logprobs": "many"}).build(_llm())


def test_retries_are_the_engines_and_no_model_class_retries_beside_it() -> None:
    spec = ChatModelSpec(OPENAI_CLASS, {"max_retries": 7})
    assert spec.max_retries == 7
    assert spec.build(_llm()).max_retries == 0  # type: ignore[attr-defined]
    assert ChatModelSpec(OPENAI_CLASS).build(_llm()).max_retries == 0  # type: ignore[attr-defined]
    other = ChatModelSpec(_FAKE_CLASS, {"responses": ["hello"], "max_retries": 2})  # a class without the name
    other.build(_other_llm())
    assert other.max_retries == 2
    assert ChatModelSpec(_FAKE_CLASS).max_retries == 4


@each_of("given", ["many", -1, 1.5, True, 101])
def test_retries_that_are_no_number_are_named_before_a_call(given: Any) -> None:
    with pytest.raises(ModelSetupError, match=r"^max_retries .* a whole number from 0 to 100. Next: fix it in"):
        _ = ChatModelSpec(OPENAI_CLASS, {"max_retries": given}).max_retries


@each_of(
    ("kwargs", "seconds"),
    [
        ({}, 600),
        ({"timeout": None}, 600),
        ({"timeout": 120}, 120),
        ({"request_timeout": 2.5}, 2.5),
        ({"default_request_timeout": 30}, 30),
        ({"timeout": [5, 60]}, 60),
        ({"timeout": (5, None)}, 5),
        ({"timeout": {"connect": 5, "read": 40}}, 40),
        ({"timeout": httpx2.Timeout(7, read=9)}, 9),
        ({"timeout": httpx2.Timeout(None)}, 600),
    ],
)
def test_the_timeout_of_the_catalog_is_the_deadline_of_a_call(kwargs: dict[str, Any], seconds: float) -> None:
    assert ChatModelSpec(OPENAI_CLASS, kwargs).deadline_s == seconds


@each_of("timeout", ["soon", 0, -3, True, float("inf"), float("nan")])
def test_a_timeout_that_is_no_time_is_named_before_a_call(timeout: Any) -> None:
    with pytest.raises(ModelSetupError, match=r"^timeout .* a number of seconds above 0. Next: fix it in"):
        _ = ChatModelSpec(OPENAI_CLASS, {"timeout": timeout}).deadline_s


@pytest.mark.parametrize("kwargs", [{"model": "other"}, {"temperature": 0.1}])
def test_a_setting_has_one_way_in(kwargs: dict[str, Any]) -> None:
    with pytest.raises(ModelSetupError):
        ChatModelSpec(OPENAI_CLASS, kwargs).build(_llm())


def test_settings_are_sent_as_they_are_set() -> None:
    payload = _payload(ChatModelSpec(OPENAI_CLASS), _llm(temperature=0.5, top_p=0.9, max_tokens=7))
    assert (payload["model"], payload["temperature"], payload["top_p"]) == ("m", 0.5, 0.9)
    assert payload["max_completion_tokens"] == 7
    assert "max_tokens" not in payload


def test_null_is_not_sent() -> None:
    payload = _payload(ChatModelSpec(OPENAI_CLASS), _llm(temperature=None, top_p=None))
    assert {"temperature", "top_p", "max_tokens", "max_completion_tokens"}.isdisjoint(payload)


def test_the_token_limit_can_have_its_old_name() -> None:
    payload = _payload(ChatModelSpec(OPENAI_CLASS), _llm(max_tokens=7, token_limit_field="max_tokens"))
    assert payload["extra_body"].items() >= {"max_tokens": 7}.items()
    assert "max_completion_tokens" not in payload


def test_the_old_token_limit_stays_beside_an_extra_body() -> None:
    spec = ChatModelSpec(OPENAI_CLASS, {"extra_body": {"top_k": 5}})
    payload = _payload(spec, _llm(max_tokens=7, token_limit_field="max_tokens"))
    assert payload["extra_body"].items() >= {"top_k": 5, "max_tokens": 7}.items()


def test_the_endpoint_is_where_the_client_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ChatModelSpec(OPENAI_CLASS).endpoint == "https://api.openai.com/v1"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1/")
    assert ChatModelSpec(OPENAI_CLASS).endpoint == "http://127.0.0.1:9/v1"
    model: Any = ChatModelSpec(OPENAI_CLASS).build(_llm())
    assert str(model.root_async_client.base_url) == "http://127.0.0.1:9/v1/"
    assert ChatModelSpec(OPENAI_CLASS, {"base_url": "http://127.0.0.1:8/v1"}).endpoint == "http://127.0.0.1:8/v1"
    assert ChatModelSpec(OFFLINE_CLASS).endpoint == OFFLINE_CLASS


def test_the_endpoint_follows_langchains_own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_BASE", "http://127.0.0.1:9/v1")
    model: Any = ChatModelSpec(OPENAI_CLASS).build(_llm())
    assert str(model.root_async_client.base_url).rstrip("/") == ChatModelSpec(OPENAI_CLASS).endpoint


def test_no_argument_and_no_key_is_shown() -> None:
    spec = ChatModelSpec(OPENAI_CLASS, {"default_headers": {"Authorization": "Bearer sk-abc123"}})
    assert repr(spec) == f"ChatModelSpec(class_path='{OPENAI_CLASS}')"
    assert "sk-abc123" not in repr(ChatModelSpec(OPENAI_CLASS).build(_llm()))


def test_a_recipe_survives_pickling_and_can_not_be_changed() -> None:
    spec = ChatModelSpec(OPENAI_CLASS, {"timeout": 5})
    assert pickle.loads(pickle.dumps(spec)) == spec
    with pytest.raises(AttributeError):
        spec.class_path = "other"  # type: ignore[misc]


@pytest.mark.parametrize("kwargs", [{"extra_body": {"top_k": 1}}, {"frequency_penalty": 0.5}])
def test_an_argument_that_changes_answers_changes_the_identity(kwargs: dict[str, Any]) -> None:
    assert ChatModelSpec(OPENAI_CLASS, kwargs).identity != ChatModelSpec(OPENAI_CLASS).identity


@pytest.mark.parametrize("kwargs", [{"timeout": 5}, {"max_retries": 9}, {"default_headers": {"X-Who": "me"}}])
def test_mere_transport_changes_no_identity(kwargs: dict[str, Any]) -> None:
    assert ChatModelSpec(OPENAI_CLASS, kwargs).identity == ChatModelSpec(OPENAI_CLASS).identity


def test_a_second_server_has_a_key_of_its_own_which_is_no_part_of_the_fingerprint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = {"base_url": "http://127.0.0.1:9/v1"}
    judge = ChatModelSpec(OPENAI_CLASS, {**plain, "key_variable": "JUDGE_API_KEY"})
    with pytest.raises(ModelSetupError, match="JUDGE_API_KEY is not set"):
        judge.build(_llm())

    monkeypatch.setenv("JUDGE_API_KEY", "sk-of-the-judge")
    writer = ChatModelSpec(OPENAI_CLASS, plain)
    keys = [vars(spec.build(_llm()))["openai_api_key"].get_secret_value() for spec in (writer, judge)]
    assert keys == ["sk-abc123", "sk-of-the-judge"]
    assert judge.identity == writer.identity
    assert redact("sk-of-the-judge") == MASK


@pytest.mark.parametrize("class_path", [OPENAI_CLASS, _FAKE_CLASS])
@pytest.mark.parametrize(
    "secret",
    [
        {"aws_secret_access_key": "one-value-of-it"},
        {"client_kwargs": {"headers": {"Authorization": "Bearer one-value-of-it"}}},
        {"servers": [{"token": "one-value-of-it"}]},
    ],
)
def test_no_secret_argument_is_hashed_so_a_new_key_finds_the_same_answers(
    class_path: str, secret: dict[str, Any]
) -> None:
    new = yaml.safe_load(yaml.safe_dump(secret).replace("one-value", "another"))
    assert ChatModelSpec(class_path, secret).identity == ChatModelSpec(class_path, new).identity
    assert "one-value" not in repr(ChatModelSpec(class_path, secret).identity)


def test_the_identity_of_a_setup_without_secrets_stays_what_it_is() -> None:
    kwargs = {"base_url": "http://here", "num_ctx": 4096, "max_tokens_field": "x", "options": {"stop_token": [1, {}]}}
    assert ChatModelSpec(_FAKE_CLASS, kwargs).identity == (_FAKE_CLASS, kwargs)
    told = Fingerprinter(LlmParameters(model="m", max_tokens=None), ChatModelSpec(_FAKE_CLASS, kwargs).identity)
    assert told.of("r0", [HumanMessage("Hi")], {}) == "74e3c7f85720855da9566b0af1b03e7c20faf7512a725f8c5c6604434362f838"


def test_a_key_of_another_provider_is_refused_too() -> None:
    with pytest.raises(ModelSetupError, match="the variable that your chat model's class reads") as it:
        ChatModelSpec(_FAKE_CLASS, {"anthropic_api_key": "sk-abc123"}).build(_other_llm())
    assert "sk-abc123" not in str(it.value)


def test_a_key_in_the_catalog_is_refused() -> None:
    with pytest.raises(ModelSetupError, match="OPENAI_API_KEY") as it:
        ChatModelSpec(OPENAI_CLASS, {"api_key": "sk-abc123"}).build(_llm())
    assert "sk-abc123" not in str(it.value)


def test_the_server_of_a_batch_is_the_address_where_the_class_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    claude = "langchain_anthropic.ChatAnthropic"
    for name in ("ANTHROPIC_API_URL", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    assert ChatModelSpec(claude, {}).server == claude
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "https://user:secret@gateway.example/claude/")
    assert ChatModelSpec(claude, {}).server == f"{claude} at https://gateway.example/claude"
    assert ChatModelSpec(claude, {"base_url": "http://127.0.0.1:1"}).server == f"{claude} at http://127.0.0.1:1"


def test_a_name_stands_in_fingerprints_in_place_of_the_address() -> None:
    named, unnamed = _llm(endpoint_name="my-fleet"), _llm()
    here, there = (ChatModelSpec(OPENAI_CLASS, {"base_url": f"http://{host}/v1"}) for host in ("here", "there"))
    assert here.identity_of(named) == there.identity_of(named) == ("my-fleet",)
    assert here.identity_of(unnamed) == here.identity == ("http://here/v1",)
    assert here.identity_of(_llm(endpoint_name="http://there/v1")) == there.identity  # answers of before are found
    other = ChatModelSpec(_FAKE_CLASS, {"base_url": "http://here", "responses": ["hello"]})
    assert other.identity_of(named)[0] == _FAKE_CLASS


def test_the_same_model_at_another_server() -> None:
    spec = ChatModelSpec(OPENAI_CLASS, {"base_url": "http://here/v1", "timeout": 5})
    assert spec.at("http://there/v1").endpoint == "http://there/v1"
    assert spec.at("http://there/v1").deadline_s == spec.deadline_s
    with pytest.raises(ModelSetupError, match="takes no address, so no list of them either"):
        ChatModelSpec(OFFLINE_CLASS).at("http://there/v1")
