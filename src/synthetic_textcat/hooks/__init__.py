"""Kedro hooks: checks of parameters and storage, journal locks, tracking, progress, and the summary of a run."""

from synthetic_textcat.hooks.catalog_inputs import CatalogInputs
from synthetic_textcat.hooks.gates import QualityGate, RunGate
from synthetic_textcat.hooks.journal_writer import JournalWriter
from synthetic_textcat.hooks.learn_secrets import LearnSecrets
from synthetic_textcat.hooks.progress import Progress
from synthetic_textcat.hooks.publishing import Publishing
from synthetic_textcat.hooks.quota_passes import QuotaPasses
from synthetic_textcat.hooks.rebuild import Rebuild
from synthetic_textcat.hooks.row_table_inputs import RowTableInputs
from synthetic_textcat.hooks.run_notes import RunNotes
from synthetic_textcat.hooks.storage_gate import StorageGate
from synthetic_textcat.hooks.summary import RunSummary
from synthetic_textcat.hooks.tracking import MlflowTracking

__all__ = [
    "CatalogInputs",
    "JournalWriter",
    "LearnSecrets",
    "MlflowTracking",
    "Progress",
    "Publishing",
    "QualityGate",
    "QuotaPasses",
    "Rebuild",
    "RowTableInputs",
    "RunGate",
    "RunNotes",
    "RunSummary",
    "StorageGate",
]
