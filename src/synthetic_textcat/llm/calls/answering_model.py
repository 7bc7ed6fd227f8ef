"""Answering model: a warning, once, if a server answers as another model than the requested one.

llama.cpp, for one, serves its only model under any name.
"""

import logging

from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.model_names import is_same_model

logger = logging.getLogger(__name__)


class AnsweringModel:
    """Comparison of the model's name in replies with the requested one.

    Args:
        requested: `llm.model`; None if it is no model's name, as Azure's names of deployments.
    """

    def __init__(self, requested: str | None) -> None:
        self._requested = requested
        self._same: set[str | None] = {None, requested}
        self.others: list[str] = []

    def note(self, completion: Completion) -> None:
        """Compares the name in a reply; warns at the first reply of each other model."""
        name = completion.model_name
        if self._requested is None or name in self._same or not completion.replied:
            return
        self._same.add(name)
        if name is not None and not is_same_model(self._requested, name):
            self.others.append(name)
            logger.warning("The server answers as the model %s, and llm.model is %s", name, self._requested)
