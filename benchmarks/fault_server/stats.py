"""Counts what the server was asked and what it answered. Of the requests it keeps hashes, and the last one whole."""

from collections import Counter
from http import HTTPStatus
from time import monotonic
from typing import Any

import orjson

from .draws import digest

_DIGESTS = 1 << 128  # a sum of digests names a set of bodies, whatever the order in which they came


class Stats:
    """The counts since the start or the last reset."""

    def __init__(self) -> None:
        """Start with no counts."""
        self.in_flight = 0
        self.reset()

    def reset(self) -> None:
        """Forget all counts; calls in flight and open connections go on."""
        self.requests = self.abandoned = self.connections_opened = 0
        self.repeated_bodies = self.repeated_prompts = 0
        self.max_in_flight = self.in_flight
        self.batches = self.batch_requests = self.batch_polls = 0
        self.batch_draws: Counter[str] = Counter()
        self.batches_sent_twice = self.requests_sent_twice = 0
        self.latencies_s: list[float] = []
        self.arrivals_s: list[float] = []
        self.by_fault: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.last_body = b"null"
        self._bodies = 0
        self._seen: dict[bytes, int] = {}
        self._replied: set[bytes] = set()

    def begin(self) -> None:
        """A chat request has come."""
        self.requests += 1
        self.arrivals_s.append(monotonic())
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)

    def see(self, raw: bytes, body_digest: bytes) -> int:
        """Note a request's body, and tell how often the same one came before."""
        self.last_body = raw
        self._bodies = (self._bodies + int.from_bytes(digest(raw), "big")) % _DIGESTS
        times_seen = self._seen.get(body_digest, 0)
        self._seen[body_digest] = times_seen + 1
        if times_seen:
            self.repeated_bodies += 1
            self.repeated_prompts += body_digest in self._replied
        return times_seen

    def wait(self, latency_s: float) -> None:
        """Note how long an answer is made to take; in the order in which requests came."""
        self.latencies_s.append(latency_s)

    def answer(self, status: int, body_digest: bytes | None = None) -> None:
        """Note an answer; with status 200 the request counts as paid for."""
        self.statuses[status] += 1
        if status == HTTPStatus.OK and body_digest is not None:
            self._replied.add(body_digest)

    def as_json(self) -> bytes:
        """All counts as one JSON object."""
        counts: dict[str, Any] = {
            name: value for name, value in vars(self).items() if not name.startswith("_") and name != "last_body"
        }
        counts |= {
            "replied": self.statuses[HTTPStatus.OK],
            "distinct_bodies": len(self._seen),
            "bodies_hash": f"{self._bodies:x}",
            "by_fault": dict(self.by_fault),
            "statuses": {str(status): number for status, number in self.statuses.items() if number},
            "last_body": orjson.Fragment(self.last_body),
        }
        return orjson.dumps(counts)
