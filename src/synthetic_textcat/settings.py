"""Kedro's settings for this project."""

import gc
import os

gc.set_threshold(50_000, *gc.get_threshold()[1:])  # what is imported from here on makes few cycles: a fifth of a second

for _switch in ("DO_NOT_TRACK", "MLFLOW_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY"):
    os.environ.setdefault(_switch, "true")
os.environ.setdefault("HF_HUB_DISABLE_XET", "true")  # one client for all, whose waiting is bounded here

from kedro.config import OmegaConfigLoader  # noqa: E402  after the switches, which dependencies read when imported

from synthetic_textcat.hooks import (  # noqa: E402
    ComparedRuns,
    JournalWriter,
    LearnSecrets,
    LentRowCheck,
    MlflowTracking,
    ParameterGate,
    Progress,
    Publishing,
    QualityGate,
    QuotaPasses,
    Rebuild,
    RunnerGate,
    RunSummary,
    StopNotes,
    StorageGate,
)
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, TASKS_BY_CALL_ARROW_SCHEMA  # noqa: E402
from synthetic_textcat.standard_streams import redact_logs  # noqa: E402

redact_logs()

_ARROW_SCHEMAS = {"tasks": TASKS_ARROW_SCHEMA, "tasks_by_call": TASKS_BY_CALL_ARROW_SCHEMA}

CONFIG_LOADER_CLASS = OmegaConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "merge_strategy": {"parameters": "soft"},
    "custom_resolvers": {"arrow_schema": _ARROW_SCHEMAS.__getitem__},
}

_rebuild = Rebuild()
_refill = QuotaPasses(is_given=lambda: _rebuild.rebuilt_from() is not None)
_quality_gate = QualityGate(goes_on=_refill.goes_on)
_progress = Progress()
_stops = StopNotes()
_tracking = MlflowTracking(
    verdict=_quality_gate.complaint,
    rebuilt_from=_rebuild.rebuilt_from,
    tally=_progress.tally,
    passes=_refill,
    stops=_stops.current,
)
# Called last to first: at a run's end MLflow logs it, the summary is printed, and only then may its quality end it.
HOOKS = (
    _quality_gate,
    RunSummary(_refill, run_name=lambda: _tracking.run_name, stops=_stops.current),
    _tracking,
    _progress,
    Publishing(),
    ComparedRuns(),
    _rebuild,
    JournalWriter(_refill),
    StorageGate(_refill, is_rebuilt=lambda: _rebuild.rebuilt_from() is not None),
    LentRowCheck(),
    _stops,
    ParameterGate(),
    RunnerGate(),
    _refill,
    LearnSecrets(),
)

# kedro-mlflow, installed beside the project, would record each run a second time, or end it. Kedro compares names as
# the packages' metadata spell them, which is with an underscore in kedro-mlflow's.
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-telemetry", "kedro-mlflow", "kedro_mlflow")
