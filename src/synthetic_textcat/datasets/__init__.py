"""Catalog datasets of this project: model, journal, tables, plots, folders, hubs, and optional user files.

Each module is imported when a class of it is first used: the model's takes a second, and a faulty tasks file is
reported before that.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synthetic_textcat.datasets.files import FigureDataset, FileDataset, OptionalDataset, TableDataset
    from synthetic_textcat.datasets.folder import FolderDataset
    from synthetic_textcat.datasets.genai import ChatModelDataset, LocalModelDataset, PromptDataset
    from synthetic_textcat.datasets.hub_repository import HubRepositoryDataset
    from synthetic_textcat.datasets.journal import BatchRecordDataset, JournalDataset
    from synthetic_textcat.datasets.row_tables import RowTableDataset
    from synthetic_textcat.datasets.user_files import (
        ConfusableFileDataset,
        DomainsFileDataset,
        KeptTasksDataset,
        TasksFileDataset,
        TextsDataset,
        UserTableDataset,
    )

_MODULES = {
    "BatchRecordDataset": "journal",
    "ChatModelDataset": "genai",
    "ConfusableFileDataset": "user_files",
    "DomainsFileDataset": "user_files",
    "FigureDataset": "files",
    "FileDataset": "files",
    "FolderDataset": "folder",
    "HubRepositoryDataset": "hub_repository",
    "JournalDataset": "journal",
    "KeptTasksDataset": "user_files",
    "LocalModelDataset": "genai",
    "OptionalDataset": "files",
    "PromptDataset": "genai",
    "RowTableDataset": "row_tables",
    "TableDataset": "files",
    "TasksFileDataset": "user_files",
    "TextsDataset": "user_files",
    "UserTableDataset": "user_files",
}

__all__ = [
    "BatchRecordDataset",
    "ChatModelDataset",
    "ConfusableFileDataset",
    "DomainsFileDataset",
    "FigureDataset",
    "FileDataset",
    "FolderDataset",
    "HubRepositoryDataset",
    "JournalDataset",
    "KeptTasksDataset",
    "LocalModelDataset",
    "OptionalDataset",
    "PromptDataset",
    "RowTableDataset",
    "TableDataset",
    "TasksFileDataset",
    "TextsDataset",
    "UserTableDataset",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
