"""The order in which each event calls the hooks: where it counts is said at the head of `settings.py`."""

from kedro.framework.hooks.manager import _create_hook_manager, _register_hooks

from synthetic_textcat import settings
from tests.support.each_case import each_case

_ORDER = {
    "after_context_created": "LearnSecrets Rebuild RunGate CatalogInputs Progress MlflowTracking RunSummary",
    "after_catalog_created": "LearnSecrets MlflowTracking",
    "before_pipeline_run": (
        "RunGate StorageGate JournalWriter Rebuild CatalogInputs QuotaPasses Progress Publishing RunSummary "
        "QualityGate MlflowTracking"
    ),
    "before_node_run": "RowTableInputs Progress MlflowTracking",
    "before_dataset_loaded": "MlflowTracking",
    "after_dataset_loaded": "Progress MlflowTracking RunSummary",
    "before_dataset_saved": "Rebuild QuotaPasses",
    "after_dataset_saved": "CatalogInputs QuotaPasses Progress Publishing MlflowTracking RunSummary QualityGate",
    "after_pipeline_run": "MlflowTracking JournalWriter CatalogInputs QuotaPasses Progress RunSummary QualityGate",
    "on_pipeline_error": "JournalWriter MlflowTracking CatalogInputs Progress",
}


def _called() -> dict[str, str]:
    """Names of the hooks that each event calls, in this order."""
    manager = _create_hook_manager()
    _register_hooks(manager, settings.HOOKS)
    events = vars(manager.hook).items()
    found = {event: [call.plugin for call in reversed(caller.get_hookimpls())] for event, caller in events}
    return {event: " ".join(type(hook).__name__ for hook in hooks) for event, hooks in found.items() if hooks}


def test_no_other_event_calls_a_hook() -> None:
    assert _called().keys() == _ORDER.keys()


@each_case(_ORDER)
def test_each_event_calls_its_hooks_in_this_order(event: str) -> None:
    assert _called()[event] == _ORDER[event]
