"""Probe of a worker before the first call: its Python and code, its key and address, and the storage it reaches."""

import hashlib
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from synthetic_textcat.errors import TextcatError
from synthetic_textcat.hashing import sha256_of
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.llm.shards.object_folder import shared_folder
from synthetic_textcat.redaction import learn_environment
from synthetic_textcat.schemas.parameters import LlmParameters

_PACKAGE = "synthetic_textcat"


class Probe(NamedTuple):
    """Probe of a worker: its versions and faults, sent before the first call.

    Attributes:
        python: Version of Python, without the last part.
        package: Version of this package, with a hash of its code.
        model: Hash of the model's identity, in which its address is.
        fault: Reason why it can't do the work; empty if it can.
    """

    python: str
    package: str
    model: str
    fault: str


def probe(spec: ChatModelSpec, llm: LlmParameters, run_id: str, folder: Path | str) -> Probe:
    """Probe of this process; a worker runs it."""
    learn_environment()
    why = ""
    try:
        spec.check_unbuilt()
        shared_folder(folder).prove(run_id)
    except TextcatError as error:
        why = str(error)
    return Probe(*versions(), sha256_of(spec.identity_of(llm))[:12], why)


def versions() -> tuple[str, str]:
    """Versions of Python and of this package in this process."""
    return ".".join(map(str, sys.version_info[:2])), f"{_version()} ({code_hash()})"


def fault(said: Any, own: Probe) -> str:
    """Reason why a worker can't do the work, from its answer; empty if it can."""
    same = "Next: install the same wheel with the same constraints.txt on driver and workers"
    if isinstance(said, OSError):
        return f"was lost while it was asked ({type(said).__name__}: {first_line(said)}). Next: look at its log"
    if not isinstance(said, Probe):
        return f"can't load this package ({type(said).__name__}: {first_line(said)}). {same}"
    for name, theirs, ours in (("Python", said.python, own.python), ("synthetic-textcat", said.package, own.package)):
        if theirs != ours:
            return f"has {name} {theirs}, and this run has {ours}. {same}"
    if said.fault:
        return f"can't do the work: {said.fault}"
    if said.model == own.model:
        return ""
    return (
        "would ask another server than this run, so its answers would not be found again. Next: set the same address "
        "there, or llm.endpoint_name to a name for both"
    )


@cache
def code_hash() -> str:
    """Hash of this package's code: versions of a checkout have one number."""
    root = Path(__file__).parents[2]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def _version() -> str:
    try:
        return metadata.version(_PACKAGE)
    except metadata.PackageNotFoundError:
        return "without a version"


def first_line(error: BaseException) -> str:
    """First line of an error's text, else its name."""
    return str(error).partition("\n")[0][:200] or type(error).__name__
