"""A plan with its prompts, as the node that calls the model loads it, and completions of its rows."""

from typing import Any

import pandas as pd
from langchain_core.prompts import ChatPromptTemplate

from synthetic_textcat.hooks.tracking.run_log import RunClock
from synthetic_textcat.hooks.tracking.traces import SampledCalls
from synthetic_textcat.llm.calls.open_rows import OpenRow, OpenRows
from synthetic_textcat.llm.calls.policy import judging, retry_conversation
from synthetic_textcat.llm.prompts.messages import Messages, messages_sha256
from synthetic_textcat.llm.prompts.row_prompts import RowPrompts, RowTemplates
from synthetic_textcat.pipelines.attribute_sampling.plan import plan_rows
from synthetic_textcat.schemas.completions import Completion, Reply
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.tasks import Task
from tests.llm.builders import completion
from tests.pipelines.generation.builders import templates
from tests.pipelines.quality_report.builders import PRICES
from tests.support.task_tables import task_table

_TASK = Task.model_validate({"task": "Sort.", "labels": ["good", "bad"]})
_RETRY = ChatPromptTemplate([("user", "Not so: {problem} ({cause})")])


class Plan:
    """So many rows."""

    def __init__(self, rows: int) -> None:
        sampling = AttributeSamplingParameters(num_examples=rows)
        self.requests: pd.DataFrame = plan_rows(task_table([_TASK]), sampling, 42).to_pandas()
        self.prompts = RowPrompts(self.requests, [_TASK], RowTemplates(*templates()), 0)
        self._messages = {asked.row["request_id"]: asked.messages for asked in self.prompts.rendered(self.requests)}

    def sample(self, share: float, namespace: str = "", clock: RunClock | None = None) -> SampledCalls:
        """A sample that holds what is to be rendered."""
        calls = SampledCalls(share, clock or RunClock())
        for name, part in self._parts().items():
            calls.keep_input(namespace + name, part)
        return calls

    def messages(self, request_id: str) -> Messages:
        """The first messages of a row."""
        return self._messages[request_id]

    def completions(self, **changes: Any) -> list[Completion]:
        """One of each row."""
        return [self.completion(request_id, **changes) for request_id in self._messages]

    def completion(self, request_id: str, *past: str, **changes: Any) -> Completion:
        """One of this row, after replies that were no good."""
        messages, judge = self.messages(request_id), judging(Reply)
        for text in past:
            problem = judge(completion(text))
            assert problem is not None
            messages = retry_conversation(_RETRY)(messages, text, problem)
        return completion(
            **{
                "request_id": request_id,
                "prompt_sha256": messages_sha256(messages),
                "attempt": 1 + len(past),
                **changes,
            }
        )

    def _parts(self) -> dict[str, Any]:
        rows = [OpenRow(position, "", []) for position in range(len(self.requests))]
        return {
            "requests": self.requests,
            "row_prompts": self.prompts,
            "open_rows": OpenRows(rows, any_good=False),
            "retry_prompt": _RETRY,
            "prices": PRICES,
        }
