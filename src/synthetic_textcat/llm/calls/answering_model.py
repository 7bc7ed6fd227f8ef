"""Answering server: warnings, once each, if it answers as another model, or without the form that was requested.

llama.cpp, for one, serves its only model under any name, and `transformers serve` takes a JSON schema and ignores it.
"""

import logging

from synthetic_textcat.llm.replies.thoughts import thoughts_in
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.model_names import is_same_model

logger = logging.getLogger(__name__)

_ENOUGH = 5
"""Number of replies after which a server is reported to ignore the requested form."""


class AnsweringModel:
    """Model and server behind the replies, as far as replies show them.

    Args:
        requested: `llm.model`; None if it is not the name of a model, as with Azure's deployments.
        form: `llm.structured_output`; `none` requests no JSON.
    """

    def __init__(self, requested: str | None, form: str = "none") -> None:
        self._requested = requested
        self._form = form
        self._same: set[str | None] = {None, requested}
        self._without_form = 0
        self.others: list[str] = []

    def note(self, completion: Completion) -> None:
        """Compares the name and the beginning of a reply; warns at the first reply of each other model."""
        if not completion.replied:
            return
        self._note_form(completion)
        name = completion.model_name
        if self._requested is None or name in self._same:
            return
        self._same.add(name)
        if name is not None and not is_same_model(self._requested, name):
            self.others.append(name)
            logger.warning("The server answers as the model %s, and llm.model is %s", name, self._requested)

    def _note_form(self, completion: Completion) -> None:
        """Counts replies up to the first that begins with JSON, as each does where the server enforces the form."""
        answer = completion.raw_text[thoughts_in(completion.raw_text).end :].lstrip()
        if self._form == "none" or not answer or completion.refusal:
            return
        if answer.startswith(("{", "[")):
            self._form = "none"  # nothing more to detect
            return
        self._without_form += 1
        if self._without_form == _ENOUGH:
            logger.warning(
                "The server seems to ignore llm.structured_output=%s: none of its first %d replies begins with JSON. "
                "Next: stop here if they can't be read, and use a server that enforces it, or a larger model",
                self._form,
                _ENOUGH,
            )
