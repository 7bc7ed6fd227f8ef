"""Private API of Kedro and kedro-datasets in use: gathered here, and each part has a test that it exists.

Kedro has no public way to the preview types, to a dataset's file, to the file of a version, or to configuration before
interpolations are resolved.
"""

from pathlib import Path, PurePath
from typing import Any, TypeVar

from kedro.config import OmegaConfigLoader
from kedro.io import AbstractDataset, AbstractVersionedDataset
from kedro_datasets._typing import JSONPreview, PlotlyPreview, TablePreview
from omegaconf import OmegaConf

__all__ = [
    "EphemeralDataset",
    "JSONPreview",
    "PlotlyPreview",
    "TablePreview",
    "config_files",
    "described",
    "file_system_of",
    "filepath_of",
    "is_versioned",
    "version_path_of",
    "wrapped_in",
]

_In = TypeVar("_In")
_Out = TypeVar("_Out")


class EphemeralDataset(AbstractDataset[_In, _Out]):
    """A dataset whose existence proves nothing: `--only-missing-outputs` runs the nodes that write it."""

    _EPHEMERAL = True
    _SINGLE_PROCESS = True  # an open file and its lock do not go to another process


def filepath_of(dataset: object) -> PurePath | None:
    """Path that the catalog names, without its protocol; None for a dataset without a file."""
    path = getattr(dataset, "_filepath", None)
    return None if path is None else PurePath(path)


def file_system_of(dataset: object) -> tuple[str, Any]:
    """Protocol and fsspec file system of a dataset; an empty text and None if it has none."""
    return str(getattr(dataset, "_protocol", "")), getattr(dataset, "_fs", None)


def is_versioned(dataset: object) -> bool:
    """Whether the catalog entry has `versioned: true`."""
    return getattr(dataset, "_version", None) is not None


def version_path_of(dataset: AbstractVersionedDataset[Any, Any]) -> PurePath:
    """Path of the version that is loaded."""
    return PurePath(dataset._get_load_path())  # noqa: SLF001


def wrapped_in(dataset: object) -> Any:
    """The dataset inside a cached or optional one; None if it wraps none."""
    return getattr(dataset, "_dataset", None)


def described(dataset: AbstractDataset[Any, Any]) -> dict[str, Any]:
    """Description of a dataset, from which Kedro-Viz takes the path."""
    return dataset._describe()  # noqa: SLF001


def config_files(loader: OmegaConfigLoader, environment: str, kind: str) -> dict[Path, dict[str, Any]]:
    """Files of one environment that Kedro reads for one kind of configuration, with interpolations as written.

    Args:
        loader: Loader of a local folder.
        environment: Name of the folder's subfolder, such as `base`.
        kind: `catalog`, `parameters`, `credentials` or `globals`.
    """
    folder = loader._get_conf_env_path(environment)  # noqa: SLF001
    files = loader._read_dir_configs(folder, loader.config_patterns[kind], kind, set(), False)  # noqa: SLF001
    return {Path(path): OmegaConf.to_container(content, resolve=False) for path, content in files.items()}  # type: ignore[misc]
