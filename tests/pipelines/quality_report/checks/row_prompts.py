"""The shipped prompts' own words, as checks get them."""

from functools import cache
from pathlib import Path

import yaml
from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.llm.prompts.messages import instructions_of

_FOLDER = Path(__file__).parents[4] / "data" / "01_raw" / "prompts"


_USUAL = ("closed_labels", "open_labels")


@cache
def instructions(*more: str) -> tuple[str, ...]:
    """Lines of the prompts that ask for rows, and of others by name, as `several_labels`."""
    files = (yaml.safe_load((_FOLDER / f"{name}.yml").read_text("utf-8")) for name in (*_USUAL, *more))
    return instructions_of(
        ChatPromptTemplate([(message["role"], message["content"]) for message in file["messages"]]) for file in files
    )
