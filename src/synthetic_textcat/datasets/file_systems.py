"""A catalog's filepath as a place in a file system, or one line on why there is none."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fsspec.core import url_to_fs
from fsspec.registry import known_implementations

from synthetic_textcat.datasets.place import MEND, Place
from synthetic_textcat.errors import StorageError
from synthetic_textcat.file_errors import short_path
from synthetic_textcat.redaction import learn_credentials, redact

_NOT_A_URL = re.compile(r"(?!file:|local:)([A-Za-z][A-Za-z0-9+.\-]+):(?!//|:)")
"""Such as `s3:/bucket/name`, which would be a local folder `s3:`; a drive of Windows is one letter."""

_OPEN_ARGS = ("open_args_load", "open_args_save")


def find_place(
    filepath: str, credentials: Mapping[str, Any] | None = None, fs_args: Mapping[str, Any] | None = None
) -> Place:
    """The place that a catalog entry names; nobody is asked yet whether it is there.

    A local path imports nothing more. Another protocol imports its package.

    Args:
        filepath: A path, or a URL of any protocol that fsspec knows.
        credentials: For the file system, as Kedro takes them from `credentials.yml`.
        fs_args: More of its options.

    Raises:
        StorageError: If the protocol is unknown, its package is missing, or an option is wrong.
    """
    refuse_a_slip(str(filepath))
    shown = _shown(str(filepath))
    learn_credentials(credentials or {}, "")  # those of a notebook have passed no hook
    if used := [name for name in _OPEN_ARGS if name in (fs_args or {})]:
        raise StorageError(
            f"{shown}: fs_args.{used[0]} means nothing here, since files are copied whole. Next: leave it out; options "
            "of the file system itself stand in fs_args"
        )
    try:
        fs, path = url_to_fs(str(filepath), **{**(credentials or {}), **(fs_args or {})})
    except ImportError as error:
        raise StorageError(
            f"{shown} needs a package that is not installed: {redact(str(error))}. Next: run "
            f"`pip install {_package(shown, error)}` in the environment of the project, then the same command"
        ) from error
    except (ValueError, TypeError) as error:
        raise StorageError(f"{shown} is in no file system that is known: {redact(str(error))}. Next: {MEND}") from error
    place = Place(fs, path, shown)
    return replace(place, shown=short_path(path)) if place.is_local else place


def refuse_a_slip(filepath: str) -> None:
    """Makes sure that a path is not a URL with a slash too few, which would be a local folder such as `s3:`.

    Raises:
        StorageError: If it is.
    """
    if slip := _NOT_A_URL.match(filepath):
        raise StorageError(
            f"{_shown(filepath)} is neither a path nor a URL. Next: write {slip[1]}:// if {slip[1]} is the protocol, "
            "or ./ before a path"
        )


def _shown(filepath: str) -> str:
    """Without a password, and of a web address without what may be a signature."""
    return redact(filepath.partition("?")[0] if filepath.startswith(("http://", "https://")) else filepath)


def _package(shown: str, error: ImportError) -> str:
    implementation = known_implementations.get(shown.partition("://")[0], {}).get("class", "")
    package = implementation.partition(".")[0]
    missing = getattr(error.__cause__, "name", None) or error.name
    return str(missing or package) if package in ("", "fsspec") else str(package)
