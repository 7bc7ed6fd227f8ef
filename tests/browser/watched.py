"""A page of a real browser, and all that it complains of or asks of other machines."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_HERE = ("http://127.0.0.1:", "file:", "data:", "blob:")
_LONG_MS = 30_000  # for a page of megabytes of scripts, on a machine that has other work
_ARGUMENTS = (
    "--no-sandbox",  # Chromium refuses to run as root with it, as in a container
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # what a page asks for is seen, and stays here
)


@contextmanager
def running_browser() -> Iterator[Browser]:
    """The system's Chromium; the test is skipped where there is none."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        pytest.skip("no Chromium on this machine; on Debian: apt-get install chromium")
    expect.set_options(timeout=_LONG_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A page, whose console is to say nothing in anger, and which is to ask no other machine for anything."""

    def __init__(self, browser: Browser, *, dark: bool = False, known: tuple[str, ...] = (), width: int = 1400) -> None:
        """Opens an empty page; `known` are beginnings of addresses that it is known to ask for."""
        self._context = browser.new_context(
            color_scheme="dark" if dark else "light", viewport={"width": width, "height": 900}
        )
        self._context.set_default_timeout(_LONG_MS)
        self._fine = (*_HERE, *known)
        self._known = known
        self.page: Page = self._context.new_page()
        self.wrong: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.wrong.append(error.message))
        self.page.on("dialog", lambda dialog: self.wrong.append(f"dialog: {dialog.message}"))
        self.page.on(
            "request", lambda asked: None if asked.url.startswith(self._fine) else self.wrong.append(asked.url)
        )

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error" and not said.location["url"].startswith(self._known):
            self.wrong.append(said.text)

    def goto(self, url: str) -> Page:
        """Opens the page and waits until it is loaded."""
        self.page.goto(url, wait_until="load")
        return self.page

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.close()
        assert not self.wrong, self.wrong
