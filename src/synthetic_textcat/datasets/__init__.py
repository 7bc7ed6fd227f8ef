"""Catalog datasets of our own: the recipe of a chat model, the journal, the tasks file, tables and plots."""

from synthetic_textcat.datasets.chat_model import ChatModelDataset
from synthetic_textcat.datasets.figure import FigureDataset
from synthetic_textcat.datasets.journal import JournalDataset
from synthetic_textcat.datasets.table import TableDataset
from synthetic_textcat.datasets.tasks_file import TasksFileDataset

__all__ = ["ChatModelDataset", "FigureDataset", "JournalDataset", "TableDataset", "TasksFileDataset"]
