"""Two first runs at once register the same prompts: neither fails, and both name the version with their text."""

from typing import TYPE_CHECKING, Any

from synthetic_textcat.hooks.tracking.catalog_metadata import MlflowMetadata, TrackedDataset
from synthetic_textcat.hooks.tracking.results import register
from synthetic_textcat.hooks.tracking.run_log import RunLog
from tests.hooks.tracking.project import PROMPT

if TYPE_CHECKING:
    from mlflow import MlflowClient

_ITEM = TrackedDataset("closed_prompt", None, MlflowMetadata(prompt=True), saved=False, bytes_read=PROMPT.encode())


class _Overtaken:
    """A client that another run overtakes: between its question and its answer the other registers the prompt."""

    def __init__(self, client: "MlflowClient", other: RunLog) -> None:
        self._client, self._other, self.asked = client, other, 0

    def get_prompt(self, name: str) -> Any:
        self.asked += 1
        found = self._client.get_prompt(name)
        if self.asked == 1:
            register(self._other, _ITEM)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


class _OvertakenAtTheVersion(_Overtaken):
    """The other registers the version, after this run has looked for it."""

    def get_prompt(self, name: str) -> Any:
        return self._client.get_prompt(name)

    def create_prompt_version(self, name: str, template: Any) -> Any:
        register(self._other, self.item)
        return self._client.create_prompt_version(name, template)

    item = TrackedDataset("open_prompt", None, MlflowMetadata(prompt=True), saved=False, bytes_read=PROMPT.encode())


def test_a_version_that_another_run_registers_meanwhile_is_that_of_both(shared_client: "MlflowClient") -> None:
    other = RunLog(shared_client, "2", "other")
    log = RunLog(_OvertakenAtTheVersion(shared_client, other), "1", "this")  # type: ignore[arg-type]
    versions = [register(run, _OvertakenAtTheVersion.item) for run in (log, other, log)]
    assert [version and version.version for version in versions] == [1, 1, 1]


def test_a_prompt_that_another_run_registers_meanwhile_is_found(shared_client: "MlflowClient") -> None:
    log = RunLog(_Overtaken(shared_client, RunLog(shared_client, "2", "other")), "1", "this")  # type: ignore[arg-type]
    version = register(log, _ITEM)
    assert version is not None
    assert version.version == 1
    prompt = shared_client.get_prompt(version.name)
    assert prompt is not None
    assert prompt.tags["_mlflow_experiment_ids"] == ",2,1,"
    assert [found.version for found in shared_client.search_prompt_versions(version.name)] == [1]
