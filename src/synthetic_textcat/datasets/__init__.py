"""Catalog datasets of this project: model, journal, tables, plots, folders, hubs, and optional user files.

Each module is imported when a class of it is first used: the model's takes a second, and a faulty tasks file is
reported before that.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synthetic_textcat.datasets.chat_model import ChatModelDataset
    from synthetic_textcat.datasets.files import FigureDataset, FileDataset, OptionalDataset, TableDataset
    from synthetic_textcat.datasets.folder import FolderDataset
    from synthetic_textcat.datasets.hub_repository import HubRepositoryDataset
    from synthetic_textcat.datasets.journal import JournalDataset
    from synthetic_textcat.datasets.prompt import PromptDataset
    from synthetic_textcat.datasets.tasks_file import KeptTasksDataset, TasksFileDataset
    from synthetic_textcat.datasets.user_tables import DomainsFileDataset, TextsDataset, UserTableDataset

_MODULES = {
    "ChatModelDataset": "chat_model",
    "DomainsFileDataset": "user_tables",
    "FigureDataset": "files",
    "FileDataset": "files",
    "FolderDataset": "folder",
    "HubRepositoryDataset": "hub_repository",
    "JournalDataset": "journal",
    "KeptTasksDataset": "tasks_file",
    "OptionalDataset": "files",
    "PromptDataset": "prompt",
    "TableDataset": "files",
    "TasksFileDataset": "tasks_file",
    "TextsDataset": "user_tables",
    "UserTableDataset": "user_tables",
}

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


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
