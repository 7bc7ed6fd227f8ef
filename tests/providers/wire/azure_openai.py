"""Azure OpenAI's chat completions: OpenAI's form, with verdicts of its content filter and errors of its own."""

from typing import Any

from tests.providers.wire import cases, openai_shaped
from tests.providers.wire.cases import Asked, Said

_WORDS = {
    401: "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
    "active subscription and use a correct regional API endpoint for your resource.",
    404: "The API deployment for this resource does not exist. If you created the deployment within the last 5 "
    "minutes, please wait a moment and try again.",
    429: "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded "
    "call rate limit of your current pricing tier. Please retry after 60 seconds.",
    500: "The server had an error while processing your request. Sorry about that!",
}
_CODES = {401: "401", 404: "DeploymentNotFound", 429: "429", 500: "500"}
_SAFE = {"violence": {"filtered": False, "severity": "safe"}}
_VIOLENT = {"violence": {"filtered": True, "severity": "high"}}


def answer(case: str, asked: Asked) -> Said:
    """The answer to a request for a deployment."""
    if (status := cases.ERRORS.get(case)) is not None:
        headers = {"Retry-After": "0"} if status == 429 else {}
        return Said(status, {"error": {"code": _CODES[status], "message": _WORDS[status]}}, headers)
    if case == cases.BLOCKED:
        inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": _VIOLENT}
        words = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy."
        error = {"message": words, "type": None, "param": "prompt", "code": "content_filter", "status": 400}
        return Said(400, {"error": {**error, "innererror": inner}})
    said = openai_shaped.answer(case, asked)
    if said.status == 200:
        body: dict[str, Any] = said.body
        body["prompt_filter_results"] = [{"prompt_index": 0, "content_filter_results": _SAFE}]
        body["choices"][0]["content_filter_results"] = _VIOLENT if case == cases.FILTERED else _SAFE
        if case == cases.FILTERED:
            del body["choices"][0]["message"]["content"]
    return said
