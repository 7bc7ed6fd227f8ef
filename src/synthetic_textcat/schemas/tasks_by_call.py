"""The view of brainstorming with a row a call: what the table `tasks` holds flat."""

import pyarrow as pa

TASKS_BY_CALL_ARROW_SCHEMA = pa.schema(
    [
        ("call_number", pa.int64()),
        ("domain", pa.string()),
        ("tasks", pa.list_(pa.string())),
        ("num_replied", pa.int64()),
        ("failure_cause", pa.string()),
        ("model_name", pa.string()),
    ]
)
"""Of each call of the rounds that are whole, in the order of the calls.

`tasks` are the call's new ones, uncut: laid flat they are those that the table `tasks` takes the first
`num_brainstormed` of (less those that got no label set, where one was asked for). `num_replied` counts the sentences of
the reply, old ones too. `failure_cause` is null where the reply held a list.
"""
