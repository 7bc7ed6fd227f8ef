"""Makes what `settle_rows` reads: plan, calls and journal of a project, and what `list_outcomes` and `measure` need.

The replies are real journal lines of some 300 characters of text. Of each 200 rows two replies are fenced, one has a
control character, one is no JSON, one row timed out before its reply, and one has a reply in other letters than ASCII.
One line in 10,000 has a lone surrogate, which no fast JSON reader takes.
"""

import hashlib
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.clients.replied_line import replied_line
from benchmarks.clients.workload import load_tasks
from synthetic_textcat.llm.journal.journal import completion_line
from synthetic_textcat.pipelines.attribute_sampling.nodes import plan_requests
from synthetic_textcat.schemas.completions import Completion
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import CALLS, plain, to_frame
from synthetic_textcat.tables import BATCH_ROWS

_WORDS = ("the", "lantern", "under", "a", "bridge", "every", "letter", "that", "nobody", "had", "sent", "again")
_CHARACTERS = 300
_LINE = replied_line(max_tokens=400)


def make(folder: Path, rows: int) -> None:
    """Writes all of it into a folder."""
    sampling = AttributeSamplingParameters.model_validate({"num_examples": rows})
    requests = plan_requests(load_tasks(), sampling, seed=42).to_pandas()
    fingerprints = [hashlib.sha256(row.encode()).hexdigest() for row in requests["request_id"]]
    calls = to_frame(zip(requests["request_id"], fingerprints, strict=True), CALLS)
    for name, table in (("requests", requests), ("calls", calls)):
        table.to_parquet(folder / f"{name}.parquet", index=False, row_group_size=BATCH_ROWS)  # as a run writes them
    labels = zip(plain(requests["label"]), plain(requests["misleading_label"]), strict=True)
    with (folder / "completions.jsonl").open("wb") as file:
        for row, fingerprint, pair in zip(requests["request_id"], fingerprints, labels, strict=True):
            dice = random.Random(int(fingerprint[:8], 16))
            text = " ".join(dice.choices(_WORDS, k=_CHARACTERS // 5))[:_CHARACTERS]
            own = replace(_LINE, request_id=row, fingerprint=fingerprint)
            file.writelines(map(completion_line, completions(own, text, pair)))


def is_plain(fingerprint: str) -> bool:
    """Whether the row has one reply, and nothing is the matter with it."""
    number = int(fingerprint[:8], 16)
    return number % 200 not in (10, 30, 50, 70, 90, 110) and number % 10_000 != 11


def reply_of(text: str, labels: tuple[str | None, str | None], *, ascii_only: bool = False) -> str:
    """The reply: a JSON object of text and labels; labels of an open label set are made up."""
    label, misleading_label = labels
    said = {"input_text": text, "label": label or "open", "misleading_label": misleading_label or "closed"}
    return json.dumps(said, ensure_ascii=ascii_only)


def completions(own: Completion, text: str, labels: tuple[str | None, str | None]) -> Iterator[Completion]:
    """The calls of a row; which fault it has depends on its fingerprint.

    Args:
        own: A call with the row's ids.
        text: Its text.
        labels: Label and misleading label as planned.
    """
    number = int(own.fingerprint[:8], 16)
    kind = number % 200
    if kind == 70:
        unknown: dict[str, Any] = dict.fromkeys(("prompt_tokens", "cached_tokens", "completion_tokens", "model_name"))
        unknown |= {"prompt_tokens_at_most": 300, "completion_tokens_at_most": 400}
        yield replace(own, status="timeout", finish_reason=None, error="took too long", **unknown)
    if kind == 90:
        text = text.replace("a", "\u00e4\U0001f600")
    if number % 10_000 == 11:
        text += "\ud83d"
    reply = reply_of(text, labels, ascii_only=number % 10_000 == 11)
    if kind == 50:
        reply = reply.replace("a", "a\\u0007", 1)
    if kind % 100 == 10:
        reply = f"```json\n{reply}\n```"
    yield replace(own, raw_text="I would rather not." if kind == 30 else reply, call=2 if kind == 70 else 1)


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))
    print("{}")
