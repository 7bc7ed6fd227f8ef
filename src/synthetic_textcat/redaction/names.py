"""Names of secrets among settings, headers, query parameters and environment variables."""

import re
from functools import lru_cache

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_SECRET = {
    *("key", "keys", "token", "tokens", "secret", "secrets", "password", "passwords", "passwd", "passphrase"),
    *("pass", "pwd", "credential", "credentials", "auth", "authorization", "authentication", "bearer", "jwt"),
    *("cookie", "cookies", "signature", "sas", "pat", "dsn"),
}
_SECRET_ENDINGS = ("key", "token", "secret", "password", "passwd")  # apikey, authtoken, PGPASSWORD
_TRAILING = {"id", "value", "values", "json", "pem", "base", "b", "raw", "text", "bedrock", "string", "header"}
"""Words after the significant one: `aws_access_key_id`, `client_secret_value`, `AWS_BEARER_TOKEN_BEDROCK`."""

_HARMLESS_KEYS = {"cache", "sort", "primary", "foreign", "partition", "public", "idempotency"}
_HARMLESS_TOKENS = {"eos", "bos", "pad", "unk", "stop", "sep", "mask", "max", "min", "num"}
_HARMLESS_NAMES = {"pwd", "oldpwd", "google_application_credentials", "monkey", "turkey", "keyboard"}

_INNER_ENDINGS = ("key", "token", "secret", "password", "passwd")
_ABOUT_SECRETS = {
    *("file", "path", "dir", "store", "sock", "socket", "limit", "limits", "count", "rate", "repeat", "length", "size"),
    *("ttl", "expiry", "expires", "name", "names", "url", "uri", "host", "endpoint", "provider", "helper", "command"),
    *("cmd", "type", "algorithm", "version", "method", "mode", "enabled", "required", "timeout", "map", "layout"),
    *("bits", "prefix", "suffix", "format", "encoding", "budget", "usage", "price"),
}
"""Words that make a variable one about a secret: `API_KEY_FILE`, `SESSION_TOKEN_LIMIT`."""

_KEY_PAIR = {"ak", "sk"}
_LANGUAGES = {"lang", "language", "languages", "locale", "lc"}
"""Before them `SK` is Slovak."""

PLAIN_SETTINGS = {
    *("account_name", "bucket", "client_id", "endpoint", "endpoint_url", "host", "name", "path", "port", "profile"),
    *("profile_name", "project", "project_id", "provider", "region", "region_name", "service", "tenant_id", "type"),
    *("uri", "url", "user", "username", "version"),
}
"""Public settings among credentials."""

_HEADERS = {"headers", "header", "cookies"}

PLAIN_HEADERS = {
    *("accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "connection"),
    *("content-length", "content-type", "host", "origin", "user-agent"),
    *(
        "http-referer",
        "referer",
        "x-title",
        "x-openrouter-title",
        "x-openrouter-categories",
    ),  # OpenRouter: the calling application
    *("openai-beta", "anthropic-beta", "anthropic-version"),
}
"""Headers with public values. The value of any other header counts as a secret."""

PLAIN_QUERY = {"api-version", "version", "model", "beta", "alt", "format", "stream", "region"}
"""Query parameters with public values, written with `-` for `_`. The value of any other one counts as a secret."""


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether a setting or variable with this name holds a secret: `api_key`, `clientSecret`, `HF_TOKEN`.

    In the name of a variable, which is in capitals, the word may stand anywhere: `GROQ_API_KEY_DEV`.
    """
    words = [word.casefold() for word in _WORDS.findall(name)]
    if name.isupper() and _is_variable_of_secret(words):
        return True
    while len(words) > 1 and (words[-1] in _TRAILING or words[-1].isdigit()):
        if words[-2:] == ["connection", "string"]:
            return True
        words.pop()
    if not words or name.casefold() in _HARMLESS_NAMES:
        return False
    before, last = set(words[:-1]), words[-1]
    if before & (_HARMLESS_KEYS if last.startswith("key") else _HARMLESS_TOKENS if last.startswith("token") else set()):
        return False
    return last in _SECRET or last.endswith(_SECRET_ENDINGS)


def _is_variable_of_secret(words: list[str]) -> bool:
    """Whether a variable has a word for a secret before its last one, or is half of a pair of access and secret key."""
    if len(words) > 1 and words[-1] in _KEY_PAIR and words[-2] not in _LANGUAGES:
        return True
    for place, word in enumerate(words[:-1]):
        before = set(words[:place])
        harmless = before & (_HARMLESS_KEYS if word.endswith("key") else _HARMLESS_TOKENS)
        if word.endswith(_INNER_ENDINGS) and word not in _HARMLESS_NAMES and not harmless:
            return not _ABOUT_SECRETS & set(words[place + 1 :])
    return False


def holds_headers(name: str) -> bool:
    """Whether a mapping with this name holds HTTP headers: `default_headers`, `extra_headers`, `cookies`."""
    return _last_word(name) in _HEADERS


def holds_query(name: str) -> bool:
    """Whether a mapping with this name holds query parameters: `default_query`, `query_params`."""
    return _last_word(name) == "query" or name == "query_params"


def _last_word(name: str) -> str:
    return name.casefold().replace("-", "_").rpartition("_")[2]


def is_plain_header(name: str) -> bool:
    """Whether the value of this header is public."""
    return name.strip().casefold() in PLAIN_HEADERS


def is_plain_query(name: str) -> bool:
    """Whether the value of this query parameter is public."""
    return name.strip().casefold().replace("_", "-") in PLAIN_QUERY
