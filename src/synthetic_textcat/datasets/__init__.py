"""Catalog datasets of this project: model, journal, tables, plots, folders, hubs, and optional user files."""

from synthetic_textcat.datasets.files import FigureDataset, FileDataset, OptionalDataset, TableDataset
from synthetic_textcat.datasets.folder import FolderDataset
from synthetic_textcat.datasets.genai import ChatModelDataset, PromptDataset
from synthetic_textcat.datasets.hub_repository import HubRepositoryDataset
from synthetic_textcat.datasets.journal import JournalDataset
from synthetic_textcat.datasets.user_files import (
    ConfusableFileDataset,
    DomainsFileDataset,
    KeptTasksDataset,
    TasksFileDataset,
    TextsDataset,
    UserTableDataset,
)

__all__ = [
    "ChatModelDataset",
    "ConfusableFileDataset",
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
