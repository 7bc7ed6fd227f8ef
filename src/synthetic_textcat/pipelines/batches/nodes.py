"""Node of `batches`: the table of this project's batches, some of which are cancelled on demand."""

import pandas as pd

from synthetic_textcat.llm.batches.overview import batches_at_provider
from synthetic_textcat.llm.batches.record import BatchRecord
from synthetic_textcat.llm.chat_models.spec import ChatModelSpec
from synthetic_textcat.schemas.parameters import BatchesParameters, LlmParameters
from synthetic_textcat.schemas.rows import to_frame

BATCHES = {
    "batch": "str",
    "intent": "str",
    "state": "str",
    "attempt": "int64",
    "of": "int64",
    "done": "int64",
    "sent_at": "str",
    "age_s": "float64",
    "usd_reserved": "float64",
    "usd_done": "float64",
    "is_open": "bool",
    "is_cancelled_now": "bool",
}
"""Columns of `batch_table` with their types.

`of` is the number of requests; `usd_reserved` the estimate for all of them, `usd_done` for those that are done.
"""


def list_batches(
    batch_record: BatchRecord, spec: ChatModelSpec, llm: LlmParameters, batches: BatchesParameters
) -> pd.DataFrame:
    """Batches of this project, the oldest first, with their state at the provider; columns `BATCHES`.

    Raises:
        BatchError: If a batch is to be cancelled that is not open, or the model has no batches.
    """
    return to_frame(batches_at_provider(batch_record, spec, llm, batches.cancel), BATCHES)
