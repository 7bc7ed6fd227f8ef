"""LangChain's provider classes by the table of `llm/providers/classes.yml`: arguments, addresses, dropped fields."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from synthetic_textcat.errors import FatalAnswerError, ModelSetupError
from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.chat_models.model_classes import imported
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.chat_models.transport import refuse_redirects
from synthetic_textcat.llm.engine.engine import complete
from synthetic_textcat.llm.providers.class_facts import _rows, class_facts
from synthetic_textcat.llm.providers.class_fixes import fixed_class
from synthetic_textcat.llm.replies.parsing import parse
from synthetic_textcat.redaction.names import is_secret_name
from synthetic_textcat.schemas.completions import Completion, Problem, Reply
from synthetic_textcat.schemas.parameters import LlmParameters
from tests.llm.builders import call
from tests.llm.running import policy
from tests.support.chat_models import GOOD
from tests.support.each_case import each_case
from tests.support.langchain_fakes import ToolFake, as_chat
from tests.support.model_classes import OPENAI_CLASS
from tests.support.provider_exceptions import caused_by
from tests.support.vendor_classes import (
    CohereModel,
    EndpointPart,
    HuggingFaceModel,
    OllamaModel,
    ThreadModel,
    VendorModel,
    completion,
    installed,
)

GROQ, OLLAMA, COHERE = "langchain_groq.ChatGroq", "langchain_ollama.ChatOllama", "langchain_cohere.ChatCohere"
BEDROCK, OPENROUTER = "langchain_aws.ChatBedrockConverse", "langchain_openrouter.ChatOpenRouter"
HUGGING_FACE = "langchain_huggingface.ChatHuggingFace"
UNKNOWN = "langchain_newcomer.ChatNewcomer"


def _llm(**settings: Any) -> LlmParameters:
    return LlmParameters.model_validate({"model": "m", "temperature": None, "top_p": None, **settings})


def _run(chat: Chat, calls: int = 1, max_concurrency: int = 1, **limits: Any) -> list[Completion]:
    limits = {"max_attempts": 1, **limits}
    rows = (call(f"r{number}") for number in range(calls))
    return [x for batch in complete(lambda: chat, rows, policy(max_concurrency, **limits)) for x in batch]


def _cause(reply: Completion) -> str:
    found = parse(reply, Reply)
    return found.cause if isinstance(found, Problem) else "accepted"


# --- addresses and the fingerprint ---


@pytest.mark.parametrize("class_path", sorted(path for path, facts in _rows().items() if facts.is_known))
def test_an_address_in_the_environment_is_part_of_the_identity_and_defaults_move_nothing(
    class_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = class_facts(class_path)
    for name in (*facts.variables, *facts.asks_elsewhere):
        monkeypatch.delenv(name, raising=False)
    assert ChatModelSpec(class_path).identity == (class_path,)
    for name in (*facts.variables, *facts.asks_elsewhere):
        monkeypatch.setenv(name, "http://here:1/v1/")
        here = ChatModelSpec(class_path).identity
        assert here != (class_path,)
        monkeypatch.setenv(name, "http://there:1")
        assert ChatModelSpec(class_path).identity != here
        monkeypatch.delenv(name)


def test_an_address_by_argument_goes_before_the_environment_and_needs_no_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "http://user:one-password@here:1/")
    from_environment = ChatModelSpec(OLLAMA).identity
    assert from_environment == (OLLAMA, {"base_url": "http://here:1"})
    monkeypatch.setenv("OLLAMA_HOST", "http://user:another-one@here:1")
    assert ChatModelSpec(OLLAMA).identity == from_environment
    assert ChatModelSpec(OLLAMA, {"base_url": "http://there"}).identity == (OLLAMA, {"base_url": "http://there"})


def test_a_class_that_is_not_in_the_table_has_its_address_under_the_usual_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert ChatModelSpec(UNKNOWN).identity == (UNKNOWN,)
    monkeypatch.setenv("NEWCOMER_API_BASE", "http://here")
    assert ChatModelSpec(UNKNOWN).identity == (UNKNOWN, {"address": "http://here"})
    monkeypatch.setenv("OPENAI_HOST", "http://not-read-by-it")
    assert ChatModelSpec(OPENAI_CLASS, {"base_url": "http://x"}).identity == ("http://x",)


@pytest.mark.parametrize(
    ("class_path", "transport"),
    [
        (OLLAMA, {"client_kwargs": {"timeout": 20}}),
        (OLLAMA, {"client_kwargs": {"headers": {"X-Team": "a"}, "verify": False}, "keep_alive": "5m"}),
        (COHERE, {"timeout_seconds": 20}),
        (GROQ, {"timeout": 20, "max_retries": 1, "tags": ["a"], "verbose": True}),
        (BEDROCK, {"config": {"read_timeout": 20}, "credentials_profile_name": "a"}),
        (UNKNOWN, {"client_kwargs": {"timeout": 20}}),
        (UNKNOWN, {"timeout_seconds": 20}),
    ],
)
def test_transport_at_any_depth_is_no_part_of_the_identity(class_path: str, transport: dict[str, Any]) -> None:
    assert ChatModelSpec(class_path, transport).identity == ChatModelSpec(class_path).identity


@pytest.mark.parametrize(
    ("class_path", "changing"),
    [
        (OLLAMA, {"num_ctx": 4096}),
        (GROQ, {"model_kwargs": {"seed": 3}}),
        (BEDROCK, {"region_name": "eu-west-1"}),
        (UNKNOWN, {"client_kwargs": {"deployment": "a"}}),
    ],
)
def test_what_changes_replies_stays_in_the_identity(class_path: str, changing: dict[str, Any]) -> None:
    assert ChatModelSpec(class_path, changing).identity == (class_path, changing)


@each_case([path for facts in _rows().values() for path in (facts.lean, facts.batches, facts.setup) if path])
def test_each_class_of_ours_that_the_table_names_is_there(class_path: str) -> None:
    assert isinstance(imported(class_path), type)


# --- timeouts, token limits, retries, threads ---


def test_timeout_token_limit_and_retries_have_one_name_for_all_classes() -> None:
    given, llm = {"timeout_seconds": 120.4, "max_retries": 3}, _llm(max_tokens=50, top_p=0.5)
    with installed(OLLAMA, OllamaModel):
        ollama: Any = ChatModelSpec(OLLAMA, given).build(llm.model_copy(update={"top_p": None}))
    assert (ollama.client_kwargs, ollama.num_predict, ollama.max_retries) == ({"timeout": 120.4}, 50, 0)
    with installed(GROQ, VendorModel):
        groq: Any = ChatModelSpec(GROQ, given).build(llm)
    assert (groq.timeout, groq.max_tokens, groq.max_retries, groq.model_kwargs) == (120.4, 50, 0, {"top_p": 0.5})
    with installed(OPENROUTER, VendorModel):
        router: Any = ChatModelSpec(OPENROUTER, {"timeout": 2}).build(_llm())
    assert router.timeout == 2000
    with installed(BEDROCK, ThreadModel):
        bedrock: Any = ChatModelSpec(BEDROCK, given | {"config": {"proxies": {}}}).build(_llm())
    assert (bedrock.timeout, bedrock.config.max_pool_connections >= 1000) == (120, True)
    with installed(UNKNOWN, VendorModel):
        unknown: Any = ChatModelSpec(UNKNOWN, given).build(_llm(max_tokens=50))
    assert (unknown.timeout, unknown.max_tokens, unknown.max_retries) == (120.4, 50, 0)
    for path in (OLLAMA, GROQ, OPENROUTER, BEDROCK, UNKNOWN, OPENAI_CLASS):
        assert ChatModelSpec(path, given).deadline_s == 120.4
    assert ChatModelSpec(OLLAMA, {"client_kwargs": {"timeout": 20}}).deadline_s == 20


def _hugging_face(settings: LlmParameters, **kwargs: Any) -> Any:
    with installed(HUGGING_FACE, HuggingFaceModel, HuggingFaceEndpoint=EndpointPart):
        return ChatModelSpec(HUGGING_FACE, kwargs).build(settings)


def test_a_class_that_takes_an_object_gets_it_from_a_mapping() -> None:
    model = _hugging_face(_llm(temperature=0.0, top_p=0.5, max_tokens=50), timeout_seconds=9.4)
    assert model.llm == EndpointPart(endpoint_url="https://router.huggingface.co/v1", temperature=None, timeout=9)
    assert (model.temperature, model.max_tokens, model.model_kwargs) == (0.0, 50, {"model": "m", "top_p": 0.5})
    own = {"llm": {"endpoint_url": "http://127.0.0.1:8080/v1"}}
    assert _hugging_face(_llm(), **own).llm.endpoint_url == "http://127.0.0.1:8080/v1"
    assert ChatModelSpec(HUGGING_FACE, own).identity == (HUGGING_FACE, own)
    assert own == {"llm": {"endpoint_url": "http://127.0.0.1:8080/v1"}}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"endpoint": "http://x"}, "takes no endpoint .catalog entry llm, llm.; did you mean endpoint_url"),
        ({"temperature": 0.3}, "set llm.temperature in parameters.yml instead"),
        ({"repo_id": "a/b"}, "set llm.model in parameters.yml instead"),
        ({"max_new_tokens": 9}, "set llm.max_tokens in parameters.yml instead"),
        ({"huggingfacehub_api_token": "hf_0123456789"}, "put the key into HF_TOKEN instead"),
        ("http://x", "llm is not a mapping of arguments"),
    ],
)
def test_an_object_of_a_class_takes_no_second_way_in(given: Any, says: str) -> None:
    with pytest.raises(ModelSetupError, match=says):
        _hugging_face(_llm(), llm=given)


class _Message(dict[str, Any]):
    """Hugging Face's mappings: a field that the SDK does not know is an attribute only."""

    refusal = None


def test_a_field_that_an_sdk_keeps_as_an_attribute_is_read() -> None:
    reply = completion(None)
    message = _Message(reply["choices"][0]["message"])
    message.__dict__["refusal"] = "I can not."
    reply["choices"][0]["message"] = message

    class Scripted(VendorModel):
        async def _agenerate(self, *_args: Any, **_kwargs: Any) -> Any:
            return self._create_chat_result(reply)

    [found] = _run(as_chat(fixed_class(Scripted, class_facts(GROQ), {})(), structured_output="none"))
    assert _cause(found) == "refused"


def test_what_a_class_has_no_argument_for_goes_with_each_call() -> None:
    with installed(COHERE, CohereModel):
        model: Any = ChatModelSpec(COHERE, {"timeout_seconds": 9}).build(_llm(max_tokens=50, top_p=0.5))
    assert model.timeout_seconds == 9
    _run(Chat(model, _llm(structured_output="none")), calls=2)
    assert model.sent == [{"request_options": {"max_retries": 0}, "max_tokens": 50, "p": 0.5}] * 2


def test_a_planned_token_limit_goes_where_the_class_takes_it() -> None:
    llm = _llm(structured_output="none", max_tokens="planned")
    with installed(COHERE, CohereModel):
        model: Any = ChatModelSpec(COHERE).build(llm)
    chat, asked = Chat(model, llm), call()
    asyncio.run(chat.ask(asked.messages, asked.schema, 7, 33))
    asyncio.run(chat.ask(asked.messages, asked.schema, 7, None))
    assert [sent.get("max_tokens") for sent in model.sent] == [33, None]
    with installed(OLLAMA, OllamaModel):
        ollama: Any = ChatModelSpec(OLLAMA).build(llm)
    assert ollama.num_predict is None


def test_a_class_that_calls_in_threads_makes_as_many_calls_at_once_as_are_asked_for() -> None:
    model = ThreadModel()
    assert [x.status for x in _run(as_chat(model, structured_output="none"), 48, 24)] == ["replied"] * 48
    assert model.most_at_once > 12


# --- replies that a class drops or raises at ---

_ARGUMENTS = {"input_text": "a text", "label": "A", "misleading_label": "B"}
_TOOL_CALL = {"tool_calls": [{"id": "1", "type": "function", "function": {"name": "example", "arguments": _ARGUMENTS}}]}


@pytest.mark.parametrize(
    ("reply", "cause", "tokens"),
    [
        (completion(GOOD), "accepted", (12, 3)),
        (completion(None, refusal="I can not."), "refused", (12, 3)),
        (completion(None, "tool_calls", **_TOOL_CALL), "accepted", (12, 3)),
        (completion(None, "content_filter"), "content_filtered", (12, 3)),
        (completion('{"input_text', "length", tool_calls=[]), "truncated", (12, 3)),
        (completion(GOOD, role="model"), "accepted", (12, 3)),
    ],
)
def test_a_paid_reply_of_openais_form_is_kept_whole(reply: dict[str, Any], cause: str, tokens: tuple[int, int]) -> None:
    class Scripted(VendorModel):
        async def _agenerate(self, *_args: Any, **_kwargs: Any) -> Any:
            return self._create_chat_result(reply)

    model = fixed_class(Scripted, class_facts(GROQ), {})()
    [found] = _run(as_chat(model, structured_output="none"))
    assert found.status == "replied"
    assert (found.prompt_tokens, found.completion_tokens, found.model_name) == (*tokens, "m-served")
    if cause != "truncated":  # the fake has lost the finish reason
        assert _cause(found) == cause


class SdkValidationError(Exception):
    """Speakeasy's, as OpenRouter's SDK raises it at a reply of status 200 whose form it does not know."""

    def __init__(self, body: Any, status: int = 200) -> None:
        super().__init__("Response validation failed")
        self.body, self.status_code = body, status


_FAILED = {"error": {"message": "Failed to call a function.", "code": "tool_use_failed", "failed_generation": GOOD}}


@pytest.mark.parametrize(
    ("error", "tokens", "says"),
    [
        (SdkValidationError(completion(GOOD)), 12, None),
        (caused_by(ValueError("from the wrapper"), SdkValidationError(completion(GOOD))), 12, None),
        (SdkValidationError(_FAILED, 400), None, "Failed to call a function."),
    ],
)
def test_a_reply_inside_an_error_is_read(error: Exception, tokens: int | None, says: str | None) -> None:
    class Raising(ToolFake):
        async def _agenerate(self, *_args: Any, **_kwargs: Any) -> Any:
            raise error

    [found] = _run(as_chat(Raising(responses=[])))
    assert (found.status, _cause(found), found.prompt_tokens) == ("replied", "accepted", tokens)
    assert found.error is says or str(says) in str(found.error)


class PostingModel(VendorModel):
    """A class that posts by a client of httpx, and raises at a body that is not in its vendor's own form."""

    client: Any = None

    async def _agenerate(self, *_args: Any, **_kwargs: Any) -> Any:
        answer = await self.client.post(self.base_url)
        raise TypeError(f"'{type(answer).__name__}' object is not iterable")


def _posting(body: bytes) -> PostingModel:
    async def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=body)

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    model = PostingModel(base_url="http://127.0.0.1:1/", client=client)
    refuse_redirects(model)
    return model


@pytest.mark.parametrize(
    ("body", "outcome", "says"),
    [
        (json.dumps(completion(GOOD)).encode(), "accepted 12", ""),
        (b'{"type": "error", "error": {"type": "overloaded_error", "message": "Full"}}', "server_error None", "Full"),
        (b'{"type": "message", "content": null}', "server_error None", "TypeError: 'Response' object is not iterable"),
    ],
)
def test_an_answer_that_a_class_does_not_read_says_what_it_is(body: bytes, outcome: str, says: str) -> None:
    [found] = _run(as_chat(_posting(body), structured_output="none"))
    cause = _cause(found) if found.replied else found.status
    assert f"{cause} {found.prompt_tokens}" == outcome
    assert says in str(found.error)


def test_a_web_page_that_a_class_does_not_read_ends_the_run() -> None:
    with pytest.raises(FatalAnswerError, match="answers with a web page, not with the API: Log in"):
        _run(as_chat(_posting(b"<html><title>Log in</title></html>"), structured_output="none"))


# --- messages and secrets ---


class UnauthorizedError(Exception):
    """An SDK's."""

    status_code = 401


class StreamOfAiohttp:
    """aiohttp's `response.content`, which is no text."""


class GoogleError(Exception):
    """google-genai's over aiohttp: the server's words are in `details`, next to the read response."""

    def __init__(self) -> None:
        super().__init__("400 INVALID_ARGUMENT")
        self.code, self.response = 400, type("Response", (), {"content": StreamOfAiohttp()})()
        self.details = {"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}}


@pytest.mark.parametrize(
    ("class_path", "key"),
    [
        ("langchain_anthropic.ChatAnthropic", "Next: set ANTHROPIC_API_KEY to a key"),
        (BEDROCK, "Next: set AWS_BEARER_TOKEN_BEDROCK or AWS_ACCESS_KEY_ID and"),
        (UNKNOWN, "Next: set the variable that your chat model's class reads to a key"),
    ],
)
@pytest.mark.parametrize("error", [UnauthorizedError("no"), caused_by(RuntimeError("wrapped"), GoogleError())])
def test_a_wrong_key_costs_one_call_and_names_the_variable_of_the_class(
    class_path: str, key: str, error: Exception
) -> None:
    asked = []

    class Raising(VendorModel):
        async def _agenerate(self, *_args: Any, **_kwargs: Any) -> Any:
            asked.append(1)
            raise error

    with installed(class_path, Raising) as found, pytest.raises(FatalAnswerError, match=key) as it:
        _run(as_chat(found(), structured_output="none"), calls=9, max_concurrency=4)
    assert len(asked) == 1
    assert "OPENAI" not in str(it.value)
    assert "StreamOfAiohttp" not in str(it.value)


def test_a_key_in_the_catalog_is_sent_to_the_variable_of_its_class() -> None:
    with installed(GROQ, VendorModel), pytest.raises(ModelSetupError, match="put the key into GROQ_API_KEY instead"):
        ChatModelSpec(GROQ, {"groq_api_key": "sk-0123456789"}).build(_llm())


@pytest.mark.parametrize(
    "name",
    [
        *("AWS_BEARER_TOKEN_BEDROCK", "WATSONX_APIKEY", "WATSONX_APIKEY_PROD", "GROQ_API_KEY_DEV", "API_KEY_ANTHROPIC"),
        *("QIANFAN_AK", "QIANFAN_SK", "TOKEN_GITHUB", "MY_TOKEN_FOR_BEDROCK", "AZURE_KEY_EAST", "HUNYUAN_SECRET_ID"),
    ],
)
def test_keys_under_other_names_are_secret(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "max_tokens",
            "MAX_TOKENS_LIMIT",
            "TOKENIZERS_PARALLELISM",
            "API_KEY_FILE",
            "SSH_AUTH_SOCK",
            "KEY_REPEAT_RATE",
        ),
        *("token_limit_field", "LANG_SK", "credentials_profile_name", "PASSWORD_STORE_DIR", "SESSION_TOKEN_LIMIT"),
    ],
)
def test_names_about_keys_are_not(name: str) -> None:
    assert not is_secret_name(name)
