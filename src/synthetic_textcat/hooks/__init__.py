"""What happens around a run: parameters and storage are checked, journals locked, the run tracked, its end told."""

from synthetic_textcat.hooks.catalog_inputs import LentRowCheck
from synthetic_textcat.hooks.compared_runs import ComparedRuns
from synthetic_textcat.hooks.gates import QualityGate
from synthetic_textcat.hooks.journal_writer import JournalWriter
from synthetic_textcat.hooks.learn_secrets import LearnSecrets
from synthetic_textcat.hooks.parameter_gate import ParameterGate
from synthetic_textcat.hooks.progress import Progress
from synthetic_textcat.hooks.publishing import Publishing
from synthetic_textcat.hooks.quota_passes import Refill
from synthetic_textcat.hooks.rebuild import Rebuild
from synthetic_textcat.hooks.runner_gate import RunnerGate
from synthetic_textcat.hooks.stops import StopNotes
from synthetic_textcat.hooks.storage_gate import StorageGate
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
    "Rebuild",
    "Refill",
    "RunSummary",
    "RunnerGate",
    "StopNotes",
    "StorageGate",
]
