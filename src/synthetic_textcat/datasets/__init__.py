"""Catalog datasets of our own: the model, the journal, tables, texts, plots, folders, hubs."""

from synthetic_textcat.datasets.chat_model import ChatModelDataset
from synthetic_textcat.datasets.figure import FigureDataset
from synthetic_textcat.datasets.file import FileDataset
from synthetic_textcat.datasets.folder import FolderDataset
from synthetic_textcat.datasets.hub_repository import HubRepositoryDataset
from synthetic_textcat.datasets.journal import JournalDataset
from synthetic_textcat.datasets.kept_tasks import KeptTasksDataset
from synthetic_textcat.datasets.optional import OptionalDataset
from synthetic_textcat.datasets.table import TableDataset
from synthetic_textcat.datasets.tasks_file import TasksFileDataset
from synthetic_textcat.datasets.texts import TextsDataset

__all__ = [
    "ChatModelDataset",
    "FigureDataset",
    "FileDataset",
    "FolderDataset",
    "HubRepositoryDataset",
    "JournalDataset",
    "KeptTasksDataset",
    "OptionalDataset",
    "TableDataset",
    "TasksFileDataset",
    "TextsDataset",
]
