"""Kedro's settings for this project.

Hooks hold no other hook: they share `RunNotes`, plain values that one hook writes and others read. An event calls them
in the order in which `_hooks` lists them, those marked `tryfirst` before and those marked `trylast` after all others.
`tests/hooks/test_call_order.py` holds the order of each event. It counts here:

- Context created: `LearnSecrets` (`tryfirst`) before any error can quote a secret, in the catalog too; then `Rebuild`
  (`tryfirst`), since an earlier run's configuration replaces the project's; then `RunGate`, before others read
  parameters.
- Before a run: storage is proven (`StorageGate`) before journals are locked (`JournalWriter`). Under that lock an
  earlier run's tasks are saved (`Rebuild`), and a cluster's shared folder is taken (`CatalogInputs`), which ends the
  work of a run that has it. `MlflowTracking` (`trylast`) records only a run that no other hook refuses.
- Dataset saved: `Progress` counts a batch before `MlflowTracking` records the counts.
- After a run: `MlflowTracking` (`tryfirst`) records before any hook can raise, and so that `RunSummary` can name its
  run; `QualityGate` (`trylast`) raises at the very end.
- On an error: `JournalWriter`, then `MlflowTracking` (both `tryfirst`): calls end and journals are closed first, since
  MLflow may be waited for.
"""

import gc
import os
from collections.abc import Iterator
from functools import cache
from typing import Any

gc.set_threshold(50_000, *gc.get_threshold()[1:])  # what is imported from here on makes few cycles: a fifth of a second

for _switch in ("DO_NOT_TRACK", "MLFLOW_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY"):
    os.environ.setdefault(_switch, "true")
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "true")  # else its import fetches a list of prices
os.environ.setdefault("HF_HUB_DISABLE_XET", "true")  # one client for all, whose waiting is bounded here

from synthetic_textcat.command_passes import COMMAND_PASSES  # noqa: E402  after the switches: dependencies read them
from synthetic_textcat.config_loader import (  # noqa: E402
    CONF_SOURCE_VARIABLE,
    LOCAL,
    VALUE_RESOLVER,
    LocalLastConfigLoader,
)
from synthetic_textcat.standard_streams import redact_logs  # noqa: E402

redact_logs()


def _arrow_schema(name: str) -> Any:
    from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, TASKS_BY_CALL_ARROW_SCHEMA

    return {"tasks": TASKS_ARROW_SCHEMA, "tasks_by_call": TASKS_BY_CALL_ARROW_SCHEMA}[name]


def _value_in_file(path: str, *keys: str) -> Any:
    from synthetic_textcat.hooks.earlier_run_conf import value_in_file

    return value_in_file(path, *keys)


CONF_SOURCE = os.environ.get(CONF_SOURCE_VARIABLE) or "conf"
CONFIG_LOADER_CLASS = LocalLastConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": LOCAL,
    "merge_strategy": {"parameters": "soft"},
    "config_patterns": {"prices": ["prices.yml"]},  # part of what `kedro package` archives
    "custom_resolvers": {"arrow_schema": _arrow_schema, VALUE_RESOLVER: _value_in_file},
}


@cache
def _hooks() -> tuple[object, ...]:
    from synthetic_textcat.hooks import (
        CatalogInputs,
        JournalWriter,
        LearnSecrets,
        MlflowTracking,
        Progress,
        Publishing,
        QualityGate,
        QuotaPasses,
        Rebuild,
        RowTableInputs,
        RunGate,
        RunNotes,
        RunSummary,
        StorageGate,
    )

    notes = RunNotes(passes=COMMAND_PASSES)
    return tuple(
        reversed(  # Kedro calls the last one first
            (
                LearnSecrets(),
                RunGate(),
                StorageGate(notes),
                JournalWriter(notes),
                Rebuild(notes),
                CatalogInputs(notes),
                QuotaPasses(notes),
                RowTableInputs(),
                Progress(notes),
                Publishing(),
                MlflowTracking(notes),
                RunSummary(notes),
                QualityGate(notes),
            )
        )
    )


class _LateHooks:
    """The hooks, imported when a session registers them: MLflow and the model take a second, typos need neither.

    Only an iterable: Kedro's reader of settings would ask a sequence for its length, in each command.
    """

    def __iter__(self) -> Iterator[object]:
        return iter(_hooks())


HOOKS = _LateHooks()

# kedro-mlflow, installed next to the project, would record each run a second time, or end it. Kedro compares names as
# the packages' metadata spell them, which is with an underscore in kedro-mlflow's.
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-telemetry", "kedro-mlflow", "kedro_mlflow")
