"""What is said to the model after a reply that could not be used."""

from collections.abc import Callable

from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate
from pydantic import BaseModel

from synthetic_textcat.llm.parsing import parse, parse_off_loop
from synthetic_textcat.llm.prompts import Messages, check_placeholders
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.replies import Problem
from synthetic_textcat.text.unicode_unicode import speakable

_LONGEST_REMINDER = 1_000  # a reply that ran on to the token limit would not fit in a second time
_NOTHING = "(no text)"  # servers refuse an empty assistant message


class Judge:
    """Says why a completion is not what was wanted, or None if it is.

    Args:
        wanted: What is wanted of a completion.
    """

    def __init__(self, wanted: Callable[[Completion], type[BaseModel]]) -> None:
        self._wanted = wanted

    def __call__(self, completion: Completion) -> Problem | None:
        """The verdict; recovering a reply may take a quarter of a second."""
        result = parse(completion, self._wanted(completion))
        return result if isinstance(result, Problem) else None

    async def off_loop(self, completion: Completion) -> Problem | None:
        """The same for an event loop, which runs on meanwhile."""
        result = await parse_off_loop(completion, self._wanted(completion))
        return result if isinstance(result, Problem) else None


def judging(wanted: type[BaseModel]) -> Judge:
    """A judge who wants the same of all completions."""
    return Judge(lambda _: wanted)


def asking_again(retry_prompt: ChatPromptTemplate) -> Callable[[Messages, str, Problem], Messages]:
    """How the conversation goes on: the bad reply, then what was wrong with it.

    Raises:
        PromptError: If the retry prompt can't be filled.
    """
    check_placeholders("retry", retry_prompt, required=["problem"], allowed=["cause"])

    def ask_again(messages: Messages, raw_text: str, problem: Problem) -> Messages:
        said = AIMessage(speakable(raw_text[:_LONGEST_REMINDER]) or _NOTHING)
        return [*messages, said, *retry_prompt.format_messages(problem=problem.detail, cause=problem.cause)]

    return ask_again
