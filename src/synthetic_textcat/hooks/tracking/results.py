"""What a run leaves behind, as the catalog marks it; each step stands by itself."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from synthetic_textcat.hooks.tracking.artifacts import keep_file
from synthetic_textcat.hooks.tracking.catalog_metadata import Marked
from synthetic_textcat.hooks.tracking.guard import Guard
from synthetic_textcat.hooks.tracking.inputs import dataset_input
from synthetic_textcat.hooks.tracking.lineage import parent_tags
from synthetic_textcat.hooks.tracking.prompts import link_tags, register
from synthetic_textcat.hooks.tracking.run_log import RunLog
from synthetic_textcat.hooks.tracking.values import metrics_of, tags_of

if TYPE_CHECKING:
    from mlflow.entities.model_registry import PromptVersion


def record_results(log: RunLog, guard: Guard, marked: Sequence[Marked], project: Path, step: int) -> None:
    """Records metrics (at this step) and tags, then dataset inputs, prompts and files."""
    record_values(log, guard, marked, step)
    _record_inputs(log, guard, [item for item in marked if item.marks.input is not None], project)
    record_prompts(log, guard, [item for item in marked if item.marks.prompt])
    for item in marked:
        guard.attempt(f"the file of '{item.name}'", partial(keep_file, log, item))


def record_values(log: RunLog, guard: Guard, marked: Sequence[Marked], step: int) -> None:
    """Records metrics and tags."""
    metrics: dict[str, float] = {}
    tags: dict[str, str] = {}
    for item in marked:
        metrics |= guard.attempt(f"the metrics of '{item.name}'", partial(metrics_of, item)) or {}
        tags |= guard.attempt(f"the tags of '{item.name}'", partial(tags_of, item)) or {}
        if item.marks.parent and not item.saved:
            tags |= guard.attempt("its parent", partial(parent_tags, log, item)) or {}
    if metrics or tags:
        guard.attempt("its metrics and tags", lambda: log.batch(metrics=metrics, tags=tags, step=step))


def _record_inputs(log: RunLog, guard: Guard, marked: Sequence[Marked], project: Path) -> None:
    told = (guard.attempt(f"the input '{item.name}'", partial(dataset_input, item, project)) for item in marked)
    inputs = [entity for entity in told if entity is not None]
    if inputs:
        guard.attempt("its inputs", lambda: log.client.log_inputs(log.run_id, inputs))


def record_prompts(log: RunLog, guard: Guard, marked: Sequence[Marked]) -> dict[str, int]:
    """Registers prompts and links them to the run; their versions by name."""
    versions: dict[str, PromptVersion] = {}
    for item in marked:
        version = guard.attempt(f"the prompt '{item.name}'", partial(register, log, item))
        if version is not None:
            versions[item.name] = version
    if versions:
        guard.attempt("its prompts", lambda: log.batch(tags=link_tags(versions)))
    return {name: int(version.version) for name, version in versions.items()}
