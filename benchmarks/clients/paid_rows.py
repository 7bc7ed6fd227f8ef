"""Makes what `settle_rows` reads: plan, calls and journal of a project, and what `list_outcomes` and `measure` need.

The replies are real journal lines of some 300 characters of text. Of each 200 rows one reply is fenced, one has a
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

_WORDS = ("the", "lantern", "under", "a", "bridge", "every", "letter", "that", "nobody", "had", "sent", "again")
_CHARACTERS = 300
_LINE = replied_line(max_tokens=400)


def make(folder: Path, rows: int) -> None:
    """Writes all of it into a folder."""
    sampling = AttributeSamplingParameters.model_validate({"num_examples": rows})
    requests = plan_requests(load_tasks(), sampling, seed=42)
    fingerprints = [hashlib.sha256(row.encode()).hexdigest() for row in requests["request_id"]]
    calls = to_frame(zip(requests["request_id"], fingerprints, strict=True), CALLS)
    requests.to_parquet(folder / "requests.parquet", index=False)
    calls.to_parquet(folder / "calls.parquet", index=False)
    labels = zip(plain(requests["label"]), plain(requests["misleading_label"]), strict=True)
    with (folder / "completions.jsonl").open("wb") as file:
        for row, fingerprint, pair in zip(requests["request_id"], fingerprints, labels, strict=True):
            own = replace(_LINE, request_id=row, fingerprint=fingerprint)
            file.writelines(map(completion_line, _completions(own, pair)))


def _completions(own: Completion, labels: tuple[str | None, str | None]) -> Iterator[Completion]:
    number = int(own.fingerprint[:8], 16)
    dice = random.Random(number)
    text = " ".join(dice.choices(_WORDS, k=_CHARACTERS // 5))[:_CHARACTERS]
    kind = number % 200
    if kind == 70:
        unknown: dict[str, Any] = dict.fromkeys(("prompt_tokens", "cached_tokens", "completion_tokens", "model_name"))
        unknown |= {"prompt_tokens_at_most": 300, "completion_tokens_at_most": 400}
        yield replace(own, status="timeout", finish_reason=None, error="took too long", **unknown)
    if kind == 90:
        text = text.replace("a", "\u00e4\U0001f600")
    if number % 10_000 == 11:
        text += "\ud83d"
    label, misleading_label = labels
    said = {"input_text": text, "label": label or "open", "misleading_label": misleading_label or "closed"}
    reply = json.dumps(said, ensure_ascii=number % 10_000 == 11)
    if kind == 50:
        reply = reply.replace("the", "the\\u0007", 1)
    form = {10: f"```json\n{reply}\n```", 30: "I would rather not."}.get(kind, reply)
    yield replace(own, raw_text=form, call=2 if kind == 70 else 1)


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))
    print("{}")
