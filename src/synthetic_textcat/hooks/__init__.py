"""What happens around a run: parameters and storage are checked, journals locked, the run tracked, its end told."""

from synthetic_textcat.hooks.catalog_inputs import ComparedRuns, LentRowCheck, StopNotes
from synthetic_textcat.hooks.gates import LearnSecrets, ParameterGate, QualityGate, RunnerGate
from synthetic_textcat.hooks.progress import Progress
from synthetic_textcat.hooks.publishing import Publishing
from synthetic_textcat.hooks.quota_passes import QuotaPasses
from synthetic_textcat.hooks.rebuild import Rebuild
from synthetic_textcat.hooks.storage_gate import JournalWriter, StorageGate
from synthetic_textcat.hooks.summary import RunSummary
from synthetic_textcat.hooks.tracking import MlflowTracking

__all__ = [
    "ComparedRuns",
    "JournalWriter",
    "LearnSecrets",
    "LentRowCheck",
    "MlflowTracking",
    "ParameterGate",
    "Progress",
    "Publishing",
    "QualityGate",
    "QuotaPasses",
    "Rebuild",
    "RunSummary",
    "RunnerGate",
    "StopNotes",
    "StorageGate",
]
