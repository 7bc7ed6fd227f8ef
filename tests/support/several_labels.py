"""Tasks with several labels a text: two of them, and one with one label, as entries of a tasks file and as tasks."""

from typing import Any

from synthetic_textcat.schemas.tasks import Task

ROUTING: dict[str, Any] = {
    "task": "Route a customer's message to the teams that have to answer it.",
    "labels": {
        "Billing": "invoices, prices, refunds that did not arrive",
        "Shipping": "parcels that are late, lost or at the wrong door",
        "Returns": "goods that go back",
        "Accounts": "passwords, log-in, personal data",
        "Repairs": "broken goods under guarantee",
        "Praise": "nothing to do but to say thanks",
    },
    "labels_per_text": [0, 3],
    "together": [
        {"labels": ["Billing", "Shipping"], "weight": 3},
        {"labels": ["Billing", "Returns"], "weight": 0},
    ],
}
"""Six labels, none to three of them a text, one pair weighted and one excluded."""

TOPICS: dict[str, Any] = {
    "task": "Tag a news item with its topics.",
    "labels": [
        {"name": "Economy", "weight": 2},
        {"name": "Health"},
        {"name": "Sports"},
        {"name": "Climate", "weight": 0.5},
    ],
    "labels_per_text": {1: 0.6, 2: 0.3, 3: 0.1},
}
"""Four labels of different weights, with weights of the numbers of labels a text."""

MOOD: dict[str, Any] = {"task": "Tell the mood of a diary entry.", "labels": ["Glad", "Sad", "Angry"]}
"""One label a text."""

ENTRIES = (ROUTING, TOPICS, MOOD)


def several_labels_tasks() -> tuple[Task, Task, Task]:
    """Two multi-label tasks and a single-label one."""
    routing, topics, mood = map(Task.model_validate, ENTRIES)
    return routing, topics, mood
