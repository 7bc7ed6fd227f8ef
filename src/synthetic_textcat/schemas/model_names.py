"""Names of models: whether the name in a server's reply means the requested model.

Ignored are letter case, what stands before the name (a provider, a folder, a region of Bedrock), and what follows it
without naming another model: a date or snapshot, a version, `latest`, a price class of OpenRouter, a file type and a
quantisation of GGUF files. Sizes and variants such as `mini` or `8b` are part of the name.
"""

import re

_BEFORE = re.compile(
    r"(?:.*/|(?:(?:us|eu|apac|global)\.)?(?:ai21|amazon|anthropic|cohere|deepseek|meta|mistral|openai|qwen)\.)"
)
_AFTER = re.compile(
    r"(?:\.gguf|\.bin|\.safetensors"
    r"|[-_.](?:i?q\d(?:_[0-9a-z]+)*|b?f16|f32|bf16)"
    r"|[-@:]?(?:latest|preview)|:(?:free|nitro|beta|floor|extended|\d+)"
    r"|[-@]\d{4}-?\d{2}-?\d{2}|[-@]\d{2}-\d{4}|[-@]\d{2}-\d{2}|[-@]\d{3,4}|-v\d+)$"
)


def is_same_model(requested: str, answered: str) -> bool:
    """Whether a server's name for its model may mean the requested model."""
    return _core(requested) == _core(answered)


def _core(name: str) -> str:
    core = _BEFORE.sub("", name.strip().casefold().replace("\\", "/"), count=1)
    while (shorter := _AFTER.sub("", core)) != core and shorter:
        core = shorter
    return core
