"""Prompts that are short enough to be compared whole."""

from langchain_core.prompts import ChatPromptTemplate, PromptTemplate

DRAWN = "{language}|{difficulty}|{clarity}|{num_words}"
CLOSED = "{task}|{labels}|{label}|{misleading_label}|" + DRAWN
OPEN = "{task}|" + DRAWN


def templates(
    closed: str = CLOSED, opened: str = OPEN
) -> tuple[ChatPromptTemplate, ChatPromptTemplate, PromptTemplate]:
    """The prompts of rows: of closed label sets, of open ones, and the part with seed examples."""
    part = PromptTemplate.from_template("Like these:\n{seed_examples}")
    return ChatPromptTemplate([("user", closed)]), ChatPromptTemplate([("user", opened)]), part
