"""Catalog datasets of our own: chat model, journal, tasks, tables, plots, and files that may be absent."""

from synthetic_textcat.datasets.chat_model import ChatModelDataset
from synthetic_textcat.datasets.figure import FigureDataset
from synthetic_textcat.datasets.journal import JournalDataset
from synthetic_textcat.datasets.kept_tasks import KeptTasksDataset
from synthetic_textcat.datasets.optional import OptionalDataset
from synthetic_textcat.datasets.table import TableDataset
from synthetic_textcat.datasets.tasks_file import TasksFileDataset

__all__ = [
    "ChatModelDataset",
    "FigureDataset",
    "JournalDataset",
    "KeptTasksDataset",
    "OptionalDataset",
    "TableDataset",
    "TasksFileDataset",
]
