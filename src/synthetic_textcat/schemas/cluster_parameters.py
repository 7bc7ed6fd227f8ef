"""Parameters of a cluster: the workers that generate, check and export rows, by Dask."""

import re
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from synthetic_textcat.schemas.block import Block


class LocalClusterParameters(Block):
    """Worker processes on this machine; null = the engine runs in the process of the run."""

    workers: int | None = Field(None, ge=1, le=1_000)


class ClusterParameters(Block):
    """Workers that generate, check and export rows: of a Dask scheduler, or local ones; without either, this process.

    Attributes:
        address: Of the scheduler; takes precedence over `local`.
        local: Processes on this machine.
        shards: Parts of the plan; null = by the number of workers and rows.
        base_urls: Addresses of servers that serve one model, for every call of a run; the shards take them in turn.
        shared: Address of an object store that all workers reach; null = the folder next to the journal.
        rows_to_share: Minimum rows whose checks and exports the workers share; the driver does fewer alone.
        max_wait_seconds: For a worker, if none is left; null = as long as the scheduler is there.
    """

    address: str | None = Field(None, min_length=1)
    local: LocalClusterParameters = Field(default_factory=LocalClusterParameters)
    shards: int | None = Field(None, ge=1, le=99_999)
    base_urls: tuple[str, ...] = ()
    shared: str | None = None
    rows_to_share: int = Field(50_000, ge=1)
    max_wait_seconds: float | None = Field(600.0, gt=0, le=604_800)

    @field_validator("shared")
    @classmethod
    def _shared_is_a_store(cls, shared: str | None) -> str | None:
        if shared is not None and not re.match(r"[a-z][a-z0-9+.-]*://.", shared):
            raise ValueError(
                "is not the address of an object store, as s3://bucket/run; null is the folder next to the journal"
            )
        return shared

    @field_validator("address")
    @classmethod
    def _address_is_a_schedulers(cls, address: str | None) -> str | None:
        if address is not None and not address.startswith(("tcp://", "tls://", "ws://", "wss://")):
            raise ValueError(
                "is not the address of a Dask scheduler, which begins with tcp:// or tls://, as tcp://host:8786"
            )
        if address is not None and address.startswith(("tcp://", "tls://")):
            parts = urlsplit(address)
            missing = "host" if not parts.hostname else "port" if not parts.port else ""
            if missing:
                raise ValueError(f"has no {missing}; write it as {parts.scheme}://host:8786")
            if "@" in parts.netloc:
                raise ValueError("has a user, and Dask takes none; write it as tls://host:8786, with certificates")
        return address

    @field_validator("base_urls")
    @classmethod
    def _urls_are_of_servers(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        for number, url in enumerate(urls, 1):
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError(f"has no address of a server as entry {number}; write it as http://host:8000/v1")
            if "@" in parts.netloc or parts.query:
                raise ValueError(
                    f"has a user or a query in entry {number}, and parameters are recorded. Next: give such an address "
                    "to each worker by OPENAI_BASE_URL, with llm.endpoint_name"
                )
        return urls

    @property
    def is_chosen(self) -> bool:
        """Whether a cluster generates the rows."""
        return self.address is not None or self.local.workers is not None

    def fault_with(self, mode: str, endpoint_name: str | None) -> str:
        """Conflict of this block with other blocks; empty if there is none.

        Args:
            mode: `generation.mode`.
            endpoint_name: `llm.endpoint_name`.
        """
        if self.is_chosen and mode == "batch":
            return (
                "Parameter generation.mode='batch': a cluster asks live. Next: set it to live, or leave out the cluster"
            )
        if self.base_urls and not self.is_chosen:
            return (
                "Parameter cluster.base_urls: is for workers, and there are none. Next: set cluster.address or "
                "cluster.local.workers, or name one server by OPENAI_BASE_URL"
            )
        if len(self.base_urls) > 1 and endpoint_name is None:
            return (
                "Parameter llm.endpoint_name=None: cluster.base_urls names several servers. Next: set it to one name "
                "for all of them, which stands in fingerprints in place of the address"
            )
        return ""
