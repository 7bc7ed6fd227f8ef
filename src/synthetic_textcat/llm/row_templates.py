"""The templates that rows are asked for with, and whether each attribute of a row reaches the model through them."""

from typing import NamedTuple

from langchain_core.prompts import ChatPromptTemplate, PromptTemplate

from synthetic_textcat.llm.prompts import check_placeholders
from synthetic_textcat.schemas.rows import ATTRIBUTES

OWN, SEEDS = "own_attributes", "seed_examples"
"""Placeholders that have a line of their own, which goes where there is nothing to say."""

_LABELS = ("labels", "label", "misleading_label")


class RowTemplates(NamedTuple):
    """The prompts of rows: of closed label sets, of open ones, and the part with seed examples."""

    closed: ChatPromptTemplate
    open: ChatPromptTemplate
    seed_examples: PromptTemplate

    def check(self, has_own_attributes: bool, has_seed_examples: bool) -> None:
        """Makes sure that what is recorded of a row is what was sent.

        Args:
            has_own_attributes: Whether a row has attributes of the user's own.
            has_seed_examples: Whether a prompt shows seed examples.

        Raises:
            PromptError: If a template lacks a placeholder or has an unknown one.
        """
        lines = [*([OWN] if has_own_attributes else []), *([SEEDS] if has_seed_examples else [])]
        for name, template, labels in (("closed_labels", self.closed, _LABELS), ("open_labels", self.open, ())):
            check_placeholders(name, template, required=["task", *labels, *ATTRIBUTES, *lines], allowed=[OWN, SEEDS])
        check_placeholders("seed_examples", self.seed_examples, required=[SEEDS], allowed=[])
