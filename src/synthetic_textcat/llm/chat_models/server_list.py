"""Servers of one model: calls of a shard go to its own server, and to the others while that does not answer."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import count, repeat
from time import monotonic
from typing import Any

from synthetic_textcat.errors import BadRequestError, FatalAnswerError, TransportError, UnreachableError
from synthetic_textcat.llm.chat_models.answers import Answer
from synthetic_textcat.llm.chat_models.chat import Chat
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.prompts.messages import Messages
from synthetic_textcat.schemas.parameters import LlmParameters

logger = logging.getLogger(__name__)

_ENOUGH = 3
"""Failures in a row, without a reply in between, after which a server counts as down."""

_TESTED_AFTER_S = 30.0
"""Seconds after which one call tests a server that is down."""

_OF_THE_SERVER = {"connection_error", "timeout", "server_error"}
"""Causes that a server which is down may have; a rate limit shows that it is there."""


_ADDRESS = "its entry in cluster.base_urls"
"""Place where a server's address is set, for error messages."""


class ServerList:
    """Addresses of servers that serve one model, and which of them are down, as far as this process knows.

    Args:
        urls: The addresses.
        clock: Seconds of a monotonic clock.

    Attributes:
        down: Servers that do not answer, with the reason.
    """

    def __init__(self, urls: Sequence[str], clock: Callable[[], float] = monotonic) -> None:
        self._urls = tuple(urls)
        self._clock = clock
        self._failures: Counter[str] = Counter()
        self._tested_at: dict[str, float] = {}
        self.down: dict[str, str] = {}

    def own(self, shard: int) -> str:
        """The server of a shard; the shards take the servers in turn."""
        return self._urls[shard % len(self._urls)]

    def order(self, shard: int) -> list[str]:
        """Servers for a call of a shard, in the order in which to try them.

        First its own, unless that is down; then the others, so that the shards of one that is down are spread; last
        those that are down.
        """
        own = self.own(shard)
        first = [own] if self._may_ask(own) else []
        others = [url for url in self._urls if url != own and url not in self.down]
        start = shard % max(1, len(others))
        found = [*first, *others[start:], *others[:start]]
        return [*found, *(url for url in self._urls if url not in found)]

    def note(self, url: str, failure: str = "") -> None:
        """Records a reply of a server, or the message of a failure."""
        if not failure:
            self._failures[url] = 0
            if self.down.pop(url, None):
                logger.info("%s answers again", url)
            return
        self._failures[url] += 1
        if self._failures[url] >= _ENOUGH:
            if url not in self.down and len(self._urls) > 1:
                logger.warning("%s does not answer (%s): the others are asked", url, failure)
            self._tested_at[url] = self._clock()  # first: another thread's shard may look for it as soon as it is down
            self.down[url] = failure

    def _may_ask(self, url: str) -> bool:
        """Whether a server is asked first: it is not down, or this call tests it."""
        if url not in self.down:
            return True
        if self._clock() - self._tested_at[url] < _TESTED_AFTER_S:
            return False
        self._tested_at[url] = self._clock()
        return True


@cache
def server_list(urls: tuple[str, ...]) -> ServerList:
    """The servers at these addresses; one list in a process, so that a later shard knows which of them are down."""
    return ServerList(urls)


class ChatOfServers(Chat):
    """A chat model that several servers serve.

    A call that no server got goes to the next one at once. A call that failed otherwise may have been paid for, so it
    is the engine that asks again, by then of another server if this one is down.

    Args:
        servers: The servers.
        shard: Number of the shard that is asked for; None = of no shard: the calls take the servers in turn.
        open_at: Builds the model at an address.
    """

    def __init__(self, servers: ServerList, shard: int | None, open_at: Callable[[str], Chat]) -> None:
        self._servers = servers
        self._turns: Iterator[int] = count() if shard is None else repeat(shard)
        self._open_at = open_at
        self._chats: dict[str, Chat] = {}
        self._first = self._chat(servers.own(shard or 0))

    @property
    def calls_in_threads(self) -> bool:
        """Whether the model calls from threads of its own."""
        return self._first.calls_in_threads

    async def ask(self, messages: Messages, schema: dict[str, Any], seed: int, max_tokens: int | None = None) -> Answer:
        """The answer of the first server that can be reached.

        Raises:
            TransportError: If there is no reply.
            TextcatError: If every further call would fail in the same way.
        """
        *others, last = self._servers.order(next(self._turns))
        for url in others:
            try:
                return await self._ask(url, messages, schema, seed, max_tokens)
            except UnreachableError:
                continue
        return await self._ask(last, messages, schema, seed, max_tokens)

    async def close(self) -> None:
        """Closes the connections to all servers."""
        for chat in self._chats.values():
            await chat.close()

    async def _ask(
        self, url: str, messages: Messages, schema: dict[str, Any], seed: int, max_tokens: int | None
    ) -> Answer:
        try:
            answer = await self._chat(url).ask(messages, schema, seed, max_tokens)
        except TransportError as error:
            is_down = error.retryable and error.cause in _OF_THE_SERVER
            self._servers.note(url, str(error) if is_down else "")
            raise
        except BadRequestError:  # may be one row's failure, whichever server it asks
            raise
        except FatalAnswerError as error:
            raise FatalAnswerError(f"{url}: {error}") from error
        self._servers.note(url)
        return answer

    def _chat(self, url: str) -> Chat:
        if url not in self._chats:
            self._chats[url] = self._open_at(url)
        return self._chats[url]


def open_chat(spec: ChatModelSpec, llm: LlmParameters, shard: int | None = None) -> Chat:
    """The chat model, at the servers of the run if it names some (`cluster.base_urls`).

    Args:
        spec: Recipe of the model.
        llm: Its settings.
        shard: Number of the shard that is asked for, by which the servers are taken; None = in turn.

    Raises:
        ModelSetupError: If the model can't be built.
    """
    if not spec.servers:
        return Chat(spec.build(llm), llm)
    return ChatOfServers(server_list(spec.servers), shard, lambda url: Chat(spec.at(url).build(llm), llm, _ADDRESS))
