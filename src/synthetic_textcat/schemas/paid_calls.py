"""Table of paid calls: for each journal line what it cost, whose it is, and its place in the journal."""

PAID_CALLS = {
    "request_id": "str",
    "fingerprint": "str",
    "attempt": "Int64",
    "run_id": "str",
    "status": "str",
    "prompt_tokens": "Int64",
    "cached_tokens": "Int64",
    "completion_tokens": "Int64",
    "latency_s": "float64",
    "model_name": "str",
    "prompt_tokens_at_most": "Int64",
    "completion_tokens_at_most": "Int64",
    "batch": "str",
    "file": "str",
    "offset": "Int64",
    "size": "Int64",
}
"""Fields of a `Completion` that a sum, an outcome or an estimate needs; name of the line's file; its offset and size in
bytes. In journal order. Unknown numbers are missing."""

PLANNED_CALLS = {**PAID_CALLS, "position": "int64", "is_configuration": "bool"}
"""The same with the position of the call's row in the plan, -1 for a call of no planned row, and whether it is the call
that is planned now, not one with another prompt, model or setting."""
