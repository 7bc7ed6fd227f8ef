"""Catalog datasets of our own: model, journal, tables, plots, folders, hubs, and files of the user's or none."""

from synthetic_textcat.datasets.chat_model import ChatModelDataset
from synthetic_textcat.datasets.domains_file import DomainsFileDataset
from synthetic_textcat.datasets.figure import FigureDataset
from synthetic_textcat.datasets.files import FileDataset
from synthetic_textcat.datasets.folder import FolderDataset
from synthetic_textcat.datasets.hub_repository import HubRepositoryDataset
from synthetic_textcat.datasets.journal import JournalDataset
from synthetic_textcat.datasets.kept_tasks import KeptTasksDataset
from synthetic_textcat.datasets.optional import OptionalDataset
from synthetic_textcat.datasets.prompt import PromptDataset
from synthetic_textcat.datasets.table import TableDataset
from synthetic_textcat.datasets.tasks_file import TasksFileDataset
from synthetic_textcat.datasets.texts import TextsDataset
from synthetic_textcat.datasets.user_tables import UserTableDataset

__all__ = [
    "ChatModelDataset",
    "DomainsFileDataset",
    "FigureDataset",
    "FileDataset",
    "FolderDataset",
    "HubRepositoryDataset",
    "JournalDataset",
    "KeptTasksDataset",
    "OptionalDataset",
    "PromptDataset",
    "TableDataset",
    "TasksFileDataset",
    "TextsDataset",
    "UserTableDataset",
]
