"""Catalog datasets of our own: the recipe of a chat model, and the append-only journal."""

from synthetic_textcat.datasets.chat_model import ChatModelDataset
from synthetic_textcat.datasets.journal import JournalDataset

__all__ = ["ChatModelDataset", "JournalDataset"]
