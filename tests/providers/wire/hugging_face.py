"""Chat completions of Hugging Face's router and of its inference server (TGI), which have errors of their own."""

from tests.providers.wire import cases, openai_shaped
from tests.providers.wire.cases import KEY, Asked, Said

_ERRORS = {
    401: {"error": f"Invalid username or password: {KEY}"},
    404: {"error": "Model m does not exist"},
    429: {"error": "Model is overloaded", "error_type": "overloaded"},
    500: {"error": "Request failed during generation: Server error: CUDA error", "error_type": "generation"},
}


def answer(case: str, asked: Asked) -> Said:
    """The answer to a request."""
    if (status := cases.ERRORS.get(case)) is not None:
        return Said(status, _ERRORS[status], {"Retry-After": "0"} if status == 429 else {})
    return openai_shaped.answer(case, asked)
