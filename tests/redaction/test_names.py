"""Which names stand for secrets."""

from synthetic_textcat.redaction.names import (
    holds_headers,
    holds_query,
    is_plain_header,
    is_plain_query,
    is_secret_name,
)
from tests.support.each_case import each_of


@each_of(
    "name",
    [
        *(
            "OPENAI_API_KEY",
            "HF_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_ACCESS_KEY_ID",
            "AWS_SESSION_TOKEN",
            "PGPASSWORD",
        ),
        *("AWS_BEARER_TOKEN_BEDROCK", "MLFLOW_TRACKING_PASSWORD", "MYSQL_PWD", "AZURE_STORAGE_CONNECTION_STRING"),
        *("apiKey", "clientSecret", "azure_ad_token", "google_api_key", "password", "credentials", "x-api-key", "auth"),
        *("client_secret_value", "private_key_pem", "webhook_secret", "access_key", "Authorization", "cookie"),
    ],
)
def test_a_name_of_a_secret(name: str) -> None:
    assert is_secret_name(name)


@each_of(
    "name",
    [
        *(
            "model",
            "model_name",
            "base_url",
            "region_name",
            "api_version",
            "timeout",
            "temperature",
            "max_tokens",
            "PWD",
        ),
        *("credentials_profile_name", "token_limit_field", "access_token_url", "TOKENIZERS_PARALLELISM", "OLDPWD"),
        *("SSH_AUTH_SOCK", "GOOGLE_APPLICATION_CREDENTIALS", "AWS_WEB_IDENTITY_TOKEN_FILE", "eos_token", "author"),
        *("prompt_cache_key", "azure_deployment", "user", "username", "PATH", "keyboard", ""),
    ],
)
def test_a_name_of_something_public(name: str) -> None:
    assert not is_secret_name(name)


def test_containers_of_headers_and_query_parameters_are_known() -> None:
    assert all(map(holds_headers, ("default_headers", "headers", "extra_headers", "additional-headers", "cookies")))
    assert all(map(holds_query, ("default_query", "extra_query", "query", "query_params")))
    assert not any(map(holds_headers, ("header_timeout", "model_kwargs")))
    assert not any(map(holds_query, ("params", "query_timeout")))


def test_some_headers_and_parameters_are_public() -> None:
    assert is_plain_header("User-Agent")
    assert is_plain_query("api_version")
    assert not is_plain_header("X-Team")
    assert not is_plain_query("code")
