"""What MLflow keeps of an earlier run for rebuilding it."""

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from synthetic_textcat.errors import EarlierRunError
from synthetic_textcat.hooks.tracking.artifacts import REBUILD
from synthetic_textcat.hooks.tracking.run_lookup import find_run, open_to_read, reading
from synthetic_textcat.hooks.tracking.store import Store

if TYPE_CHECKING:
    from mlflow.entities import Run


@dataclass(frozen=True, kw_only=True)
class KeptRun:
    """An earlier run.

    Attributes:
        run_id, name, status, tags: As MLflow has them.
        folder: A copy of its `rebuild/`, which lasts as long as this process.
    """

    run_id: str
    name: str
    status: str
    tags: Mapping[str, str]
    folder: Path

    def file(self, name: str) -> Path:
        """One of the files.

        Raises:
            EarlierRunError: If it was not kept.
        """
        path = self.folder / name
        if not path.is_file():
            raise self._lacks(f"no {REBUILD}/{name}")
        return path

    def file_of(self, dataset: str) -> Path:
        """The file that was this dataset's, told by its sha256: file names are the project's to change.

        Raises:
            EarlierRunError: If it was not kept.
        """
        sha256 = self.tags.get(f"sha256.{dataset}")
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
                return path
        raise self._lacks(f"no file of the dataset '{dataset}'")

    def parameters(self) -> dict[str, Any]:
        """All parameters of the run, by their blocks.

        Raises:
            EarlierRunError: If they were not kept.
        """
        content = yaml.safe_load(self.file("parameters.yml").read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise self._lacks(f"no mapping in {REBUILD}/parameters.yml")
        return content

    def _lacks(self, what: str) -> EarlierRunError:
        made_by = self.tags.get("pipeline", "another program")
        return EarlierRunError(
            f"Run {self.name} keeps {what}: it is a run of {made_by}, and {self.status}. Next: set from_run to a run "
            "of generate that has ended by itself"
        )


def kept_run(project: Path, asked: str) -> KeptRun:
    """The run of this id or name, with a copy of its files.

    Raises:
        EarlierRunError: If it can't be had.
    """
    store = Store.of(project)
    with reading(store, f"from_run={asked}"):
        return _with_files(store, find_run(store, asked, "from_run"))


def _with_files(store: Store, run: "Run") -> KeptRun:
    client = open_to_read(store)
    folder = Path(tempfile.mkdtemp(prefix="synthetic-textcat-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    run_id = run.info.run_id
    if client.list_artifacts(run_id, REBUILD):
        client.download_artifacts(run_id, REBUILD, str(folder))
    return KeptRun(
        run_id=run_id,
        name=run.info.run_name or run_id,
        status=run.info.status,
        tags=run.data.tags,
        folder=folder / REBUILD,
    )
