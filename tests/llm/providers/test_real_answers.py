"""Errors of vendors and servers as people have met them, by their cause: model, key, credit, region, context."""

from typing import Any

from synthetic_textcat.llm.providers.client_exceptions import read_exception
from synthetic_textcat.llm.providers.errors import first_match
from tests.support.each_case import each_of


class _StatusError(Exception):
    """As an SDK raises it, with the answer in it."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"status {status}")
        self.status_code, self.body = status, body


def _openai(message: str, code: Any = None, kind: str = "invalid_request_error") -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


_LITELLM = (
    "litellm.BadRequestError: LLM Provider NOT provided. Pass in the LLM provider you are trying to call. You passed "
    "model=gpt-x\n Pass model as E.g. For 'Huggingface' inference endpoints pass in `completion(model='huggingface/x')`"
)
_UNKNOWN_MODEL: list[tuple[int, Any]] = [
    (400, _openai("Model Not Exist", "invalid_request_error")),  # DeepSeek
    (400, _openai("Model not exist.", "InvalidParameter")),  # DashScope
    (400, {"code": 20012, "message": "Model does not exist. Please check it carefully.", "data": None}),  # SiliconFlow
    (400, _openai("The model does not exist or you do not have access to it.", "invalid_model")),  # Baidu
    (400, _openai(_LITELLM, "400")),
    (
        400,
        _openai("litellm.BadRequestError: You passed in model=gpt-x. There are no healthy deployments for this model"),
    ),
    (400, _openai("/chat/completions: Invalid model name passed in model=gpt-x. Call `/v1/models` to view models")),
    (400, {"detail": "Server is pinned to 'a/b'; requested 'gpt-x'."}),  # transformers serve
    (400, {"error": "could not find suitable inference handler for gpt-x"}),  # llama-swap
    (400, {"object": "error", "message": "Invalid model: gpt-x", "type": "invalid_model", "code": "1500"}),  # Mistral
    (400, _openai("Invalid model 'gpt-x'. Permitted models can be found in the documentation", 400)),  # Perplexity
    (
        400,
        _openai(
            "Unable to access non-serverless model a/b. Please visit https://api.together.ai", "model_not_available"
        ),
    ),
    (400, _openai("The dedicated endpoint for a/b is not running.", "dedicated_endpoint_not_running")),  # Together
    (400, {"error": {"message": "gpt-x is not a valid model ID", "code": 400}}),  # OpenRouter
    (404, {"error": {"message": "No endpoints found for a/b.", "code": 404}}),  # OpenRouter
    (404, {"type": "error", "error": {"type": "not_found_error", "message": "model: claude-x"}}),  # Anthropic
    (
        404,
        {
            "code": "Some requested entity was not found",
            "error": "The model grok-x does not exist or your team has no access",
        },
    ),
    (
        404,
        {"error": {"message": "Model not found, inaccessible, and/or not deployed", "code": "NOT_FOUND"}},
    ),  # Fireworks
    (404, {"error": {"code": 404, "message": "models/x is not found for API version v1beta", "status": "NOT_FOUND"}}),
    (400, {"message": "The provided model identifier is invalid.", "__type": "ValidationException"}),  # Bedrock
    (400, {"message": "Invocation of model ID a.b with on-demand throughput isn\u2019t supported."}),  # Bedrock
    (404, {"message": "This model version has reached the end of its life.", "__type": "ResourceNotFoundException"}),
    (404, {"error": {"code": "DeploymentNotFound", "message": "The API deployment for this resource does not exist."}}),
    (
        410,
        {"error": {"code": "ModelDeprecated", "message": "The model is deprecated and no longer available for use."}},
    ),
    (404, {"message": "model 'x' not found, make sure the correct model ID was used"}),  # Cohere
    (
        400,
        _openai("The requested model 'a/b' is not supported by any provider you have enabled.", "model_not_supported"),
    ),
    (400, {"error": {"code": "unknown_model", "message": "Unknown model: x", "details": "Unknown model: x"}}),  # GitHub
    (400, {"detail": "[address=0.0.0.0:1, pid=7] Model not found in the model list, uid: x"}),  # Xinference
    (400, _openai("The model `x` has been decommissioned and is no longer supported.", "model_decommissioned")),  # Groq
    (400, {"errors": [{"message": "5007: No such model @cf/x or task", "code": 5007}], "success": False}),  # Cloudflare
    (400, {"error": {"code": "1211", "message": "\u6a21\u578b\u4e0d\u5b58\u5728"}}),  # Zhipu
    (200, {"base_resp": {"status_code": 2013, "status_msg": "invalid params, unknown model 'x'"}}),  # MiniMax
]
_BAD_KEY: list[tuple[int, Any]] = [
    (401, _openai("Incorrect API key provided: sk-x***x.", "invalid_api_key")),
    (400, {"code": "Client specified an invalid argument", "error": "Incorrect API key provided: x***x."}),  # xAI
    (
        400,
        {
            "error": {
                "code": 400,
                "message": "API key not valid. Please pass a valid API key.",
                "status": "INVALID_ARGUMENT",
            }
        },
    ),
    (
        401,
        {"error": {"code": "401", "message": "Access denied due to invalid subscription key or wrong API endpoint."}},
    ),
    (401, {"error": "Invalid username or password."}),  # Hugging Face
    (401, {"error": {"message": "User not found.", "code": 401}}),  # OpenRouter
    (403, {"error_code": 403, "message": "Invalid access token."}),  # Databricks
    (403, {"status": 403, "title": "Forbidden", "detail": "Authorization failed"}),  # NVIDIA
    (
        403,
        {"message": "The security token included in the request is invalid.", "__type": "UnrecognizedClientException"},
    ),
    (400, _openai("Authentication Error, No connected db.", "400", "no_db_connection")),  # LiteLLM
    (401, {"message": "invalid api token"}),  # Cohere
]
_QUOTA: list[tuple[int, Any]] = [
    (
        429,
        _openai("You exceeded your current quota, please check your plan.", "insufficient_quota", "insufficient_quota"),
    ),
    (
        403,
        {
            "code": "The caller does not have permission",
            "error": "Your newly created team doesn't have any credits or licenses yet.",
        },
    ),
    (402, _openai("Insufficient Balance", "invalid_request_error", "unknown_error")),  # DeepSeek
    (400, {"type": "error", "error": {"type": "invalid_request_error", "message": "Your credit balance is too low."}}),
    (429, {"message": "You are using a Trial key, which is limited to 1000 API calls / month."}),  # Cohere
    (402, {"error": "You have exceeded your monthly included credits for Inference Providers."}),
    (403, {"code": 30001, "message": "Sorry, your account balance is insufficient", "data": None}),  # SiliconFlow
    (402, {"error": {"message": "This request requires more credits, or fewer max_tokens.", "code": 402}}),
]
_NO_ACCESS: list[tuple[int, Any]] = [
    (403, _openai("Country, region, or territory not supported", "unsupported_country_region_territory")),
    (
        400,
        {"message": "Access to Anthropic models is not allowed from unsupported countries, regions, or territories."},
    ),
    (403, {"error": {"type": "forbidden", "message": "Request not allowed"}}),  # Anthropic
    (
        400,
        {
            "error": {
                "code": 400,
                "message": "User location is not supported for the API use.",
                "status": "FAILED_PRECONDITION",
            }
        },
    ),
    (403, {"error": {"message": "This model is not available in your region.", "code": 403}}),  # OpenRouter
    (403, {"error": "This authentication method does not have sufficient permissions to call Inference Providers"}),
    (403, {"error": "Model requires a Pro subscription; check out hf.co/pricing to learn more."}),
    (403, {"error": {"code": "no_access", "message": "No access to model: x"}}),  # GitHub
    (400, _openai("The model `x` requires terms acceptance.", "model_terms_required")),  # Groq
    (400, {"message": "Operation not allowed", "__type": "ValidationException"}),  # Bedrock, of a restricted account
]
_TOO_LONG: list[tuple[int, Any]] = [
    (400, _openai("This model's maximum context length is 8192 tokens.", "context_length_exceeded")),
    (
        400,
        _openai("You passed 5001 input tokens. However, the model's context length is only 4096 tokens", 400),
    ),  # vLLM
    (400, _openai("The input (5000 tokens) is longer than the model's context length (4096 tokens).", 400)),  # SGLang
    (400, _openai("Input length (160062 tokens) exceeds the maximum allowed length (59862 tokens).", 400)),
    (422, {"error": "Input validation error: `inputs` must have less than 1024 tokens. Given: 2000"}),  # TGI
    (400, {"message": "too many tokens: total number of tokens in the prompt cannot exceed 4081"}),  # Cohere
    (
        400,
        _openai(
            "request (651 tokens) exceeds the available context size (256 tokens)", 400, "exceed_context_size_error"
        ),
    ),
    (400, {"message": "The model returned the following errors: Input is too long for requested model."}),  # Bedrock
    (
        413,
        _openai("Request too large for model `x` on tokens per minute (TPM): Limit 6000", "rate_limit_exceeded"),
    ),  # Groq
]
_RATE_LIMITED: list[tuple[int, Any]] = [
    (429, {"message": "You are using a Trial key, which is limited to 20 API calls / minute."}),  # Cohere
    (429, _openai("No deployments available for selected model, Try again in 5 seconds.", "429")),  # LiteLLM
    (429, {"object": "error", "message": "Service tier capacity exceeded for this model.", "type": "service_tier"}),
]
_BAD_SETTING: list[tuple[int, Any]] = [
    (422, {"detail": "Unexpected fields in the request: {'top_k'}"}),  # transformers serve
    (400, _openai("max_tokens must be at least 1, the model exists", None)),
]
_ALL = {
    "unknown_model": _UNKNOWN_MODEL,
    "bad_key": _BAD_KEY,
    "quota_exhausted": _QUOTA,
    "no_access": _NO_ACCESS,
    "too_long": _TOO_LONG,
    "rate_limited": _RATE_LIMITED,
    "bad_setting": _BAD_SETTING,
}
_CASES = [(cause, status, body) for cause, answers in _ALL.items() for status, body in answers]


@each_of(("cause", "status", "body"), _CASES)
def test_a_real_answer_has_its_cause(cause: str, status: int, body: Any) -> None:
    found = first_match(read_exception(_StatusError(status, body)).signs)
    assert found is not None
    assert found.meaning == cause
