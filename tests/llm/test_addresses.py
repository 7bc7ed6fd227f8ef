"""Addresses of servers and proxies: what can be called, and one line for what can't."""

import base64

import pytest

from synthetic_textcat.errors import ModelSetupError
from synthetic_textcat.llm.addresses import check_proxy, read_address


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1"),
        ("  http://localhost:8000/v1\n", "http://localhost:8000/v1"),
        ("HTTP://localhost/v1//", "HTTP://localhost/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("http://my_host.local", "http://my_host.local"),
        ("https://müller.example/v1", "https://müller.example/v1"),
        ("https://host/v1?api-version=2024-10-21&key=a%2Bb", "https://host/v1"),
        ("https://me:word@host:8443/v1", "https://host:8443/v1"),
    ],
)
def test_an_address_goes_into_fingerprints_without_what_is_sent_beside_it(text: str, url: str) -> None:
    assert read_address(text, "OPENAI_BASE_URL").url == url


def test_a_query_is_sent_with_each_call() -> None:
    assert read_address("https://host/v1?api-version=1&key=a%2Bb&empty=", "x").query == {
        "api-version": "1",
        "key": "a+b",
        "empty": "",
    }


@pytest.mark.parametrize("userinfo", ["me:w%40rd", "me:", ":w%40rd"])
def test_a_user_with_a_password_is_basic_authentication(userinfo: str) -> None:
    authorization = read_address(f"https://{userinfo}@host/v1", "x").authorization
    expected = base64.b64encode(userinfo.replace("%40", "@").encode()).decode()
    assert authorization == f"Basic {expected}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("localhost:8000/v1", "has no scheme"),
        ("//host/v1", "has no scheme"),
        ("https:/host/v1", "has no scheme"),
        ("secret-word", "has no scheme"),
        ("ws://host/v1", "begins with ws://. Allowed: http:// and https://"),
        ("secret-word://host/v1", "begins with something else"),
        ("http://ho st/v1", "a blank"),
        ("http://host/v 1", "a blank"),
        ("http://host\u200b/v1", "does not show"),
        ("http://host\x1b/v1", "does not show"),
        ("http://[::1/v1", "a bracket without its other half"),
        ("http://[zz]/v1", "bracket|names no host"),
        ("http://host:99999/v1", "a port that is none"),
        ("http://host:port/v1", "a port that is none"),
        ("http://host:0/v1", "names no host"),
        ("http:///v1", "names no host"),
        ("http://:8000/v1", "names no host"),
        ("http://a..b/v1", "names no host"),
        (f"http://{'a' * 64}.example/v1", "names no host"),
        ("http://host/v1#part", "has a # in it"),
        ("http://host/v1#", "has a # in it"),
        ("https://host/v1/chat/completions", "ends in /chat/completions"),
        ("https://secret-word@host/v1", "put a key into OPENAI_API_KEY instead"),
    ],
)
def test_an_address_that_can_not_be_called_is_one_line_that_does_not_show_it(text: str, says: str) -> None:
    with pytest.raises(ModelSetupError, match=says) as it:
        read_address(text, "OPENAI_BASE_URL")
    line = str(it.value)
    assert line.startswith("OPENAI_BASE_URL ")
    assert ". Next: " in line
    assert "\n" not in line
    assert "secret-word" not in line


@pytest.mark.parametrize("text", ["http://proxy:3128", "https://me:word@proxy", "http://[::1]:3128/"])
def test_a_proxy_that_can_be_used(text: str) -> None:
    check_proxy(text, "HTTPS_PROXY")


@pytest.mark.parametrize("text", ["socks5://proxy:1080", "proxy:3128", "http://", "http://proxy:99999", "http://a b"])
def test_a_proxy_that_can_not_be_used_is_named_by_its_place(text: str) -> None:
    with pytest.raises(ModelSetupError, match=r"^HTTPS_PROXY .* Next: "):
        check_proxy(text, "HTTPS_PROXY")
