"""A share of a run's calls, with the messages as they were sent."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from synthetic_textcat.hashing import draw
from synthetic_textcat.hooks.tracking.clock import RunClock
from synthetic_textcat.llm.prompts import Messages, messages_sha256, wire_form
from synthetic_textcat.llm.retries import asking_again, judging
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.prices import PriceList
from synthetic_textcat.schemas.replies import Problem, Reply

_FEWEST, _MOST = 5, 200
"""Calls of a run: about so many of a small one, since 1 % of 20 rows is none; never more of a large one."""

_PARTS = {"requests", "row_prompts", "open_rows", "retry_prompt", "prices"}


@dataclass(frozen=True, slots=True)
class SampledCall:
    """One call.

    Attributes:
        completion: What came of it.
        messages: What was sent, as on the wire; None where that can't be told: then its hash would not be the recorded.
        problem: Why the reply could not be used; None if it could, or if none came.
        prices: What calls cost.
        shift_ms: What to add to its time to have it by the run's clock.
    """

    completion: Completion
    messages: list[dict[str, object]] | None
    problem: Problem | None
    prices: PriceList
    shift_ms: int = 0


class SampledCalls:
    """Picks completions as they are saved, by a hash of their row: the same rows in each run of a plan.

    What renders their messages is kept only while calls are made, since it holds the plan.

    Args:
        share: Of the rows, 0 to 1; 0 = none.
        clock: The run's times.
    """

    def __init__(self, share: float, clock: RunClock) -> None:
        self._share = share
        self._clock = clock
        self._parts: dict[str, Any] = {}
        self._left = _MOST
        self._picked: deque[tuple[Completion, int]] = deque()
        self._done: list[SampledCall] = []
        self._before: dict[str, list[Completion]] = {}
        self._lock = Lock()  # of what is rendered, in another thread; picking never waits for it

    def hold(self, name: str, data: Any) -> None:
        """Keeps what the node that calls the model has loaded, by its name without the namespace."""
        if self._share and (part := name.rpartition(".")[2]) in _PARTS:
            self._parts[part] = data

    def note(self, completions: Iterable[Completion]) -> None:
        """Picks from what was saved."""
        if not self._parts.keys() >= _PARTS:
            return
        asked = len(self._parts["open_rows"].rows)
        share = min(max(self._share, _FEWEST / asked), _MOST / asked) if asked else 0.0
        picked = [each for each in completions if draw("trace", each.request_id) < share][: self._left]
        self._left -= len(picked)
        shift_ms = self._clock.correction_ms()
        self._picked.extend((each, shift_ms) for each in picked)

    def take(self) -> list[SampledCall]:
        """What was picked since it was last asked for."""
        with self._lock:
            self._render()
            done, self._done = self._done, []
        return done

    def let_go(self) -> None:
        """Forgets the plan: the calls are made."""
        with self._lock:
            self._render()
            self._parts.clear()

    def _render(self) -> None:
        picked = [self._picked.popleft() for _ in range(len(self._picked))]
        if not picked:
            return
        first = dict(self._first_messages({completion.request_id for completion, _ in picked}))
        judge, prices = judging(Reply), PriceList.read(self._parts["prices"])
        for completion, shift_ms in picked:
            earlier = self._before.setdefault(completion.request_id, [])
            problem = judge(completion) if completion.replied else None
            messages = self._sent(completion, first.get(completion.request_id), earlier)
            self._done.append(SampledCall(completion, messages, problem, prices, shift_ms))
            earlier.append(completion)

    def _first_messages(self, request_ids: Collection[str]) -> Iterator[tuple[str, Messages]]:
        requests = self._parts["requests"]
        for asked in self._parts["row_prompts"].rendered(requests[requests["request_id"].isin(list(request_ids))]):
            yield asked.row["request_id"], asked.messages

    def _sent(
        self, completion: Completion, messages: Messages | None, earlier: Sequence[Completion]
    ) -> list[dict[str, object]] | None:
        """The conversation of this attempt, if it has the hash that was recorded on sending."""
        if messages is None:
            return None
        ask_again, judge = asking_again(self._parts["retry_prompt"]), judging(Reply)
        for reply in earlier:
            if reply.replied and (problem := judge(reply)) is not None:
                messages = ask_again(messages, reply.raw_text, problem)
        return wire_form(messages) if messages_sha256(messages) == completion.prompt_sha256 else None
