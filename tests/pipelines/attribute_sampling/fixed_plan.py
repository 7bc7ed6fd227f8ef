"""Plans whose hashes are written down in `test_plan`; run as a program, it prints them as JSON."""

import json

from synthetic_textcat.hashing import sha256_of
from synthetic_textcat.pipelines.attribute_sampling.plan import plan_rows
from synthetic_textcat.pipelines.attribute_sampling.quota_plan import first_round, quota_rows
from synthetic_textcat.pipelines.attribute_sampling.quota_slots import QuotaSlots
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.quota import Rounds
from synthetic_textcat.schemas.rows import ATTRIBUTES, plan_sha256, records_of
from synthetic_textcat.schemas.seed_examples import ShownTexts
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.tables import RowTable
from tests.support.task_tables import task_table

SEED = 42
SAMPLING = AttributeSamplingParameters(
    num_examples=90, language="paper", num_words="paper", clarity="paper", extra={"tone": {"formal": 3, "angry": 0.7}}
)
TASKS = [
    Task.model_validate(
        {
            "task": "Sort a review by its sentiment.",
            "labels": ["good", {"name": "bad", "weight": 2.5}, {"name": "mixed", "extra": {"tone": ["dry", "warm"]}}],
            "weight": 2,
            "language": {"de": 3, "fr": 2, "it": 1, "es": 0.5},
        }
    ),
    Task(task="Name the topic of a post."),
    Task.model_validate({"task": "Name the author's mood.", "extra": {"channel": ["email", "chat", "letter"]}}),
]

_VERBS = ("cancel", "pay", "track", "ask_the_price_of")
_THINGS = ("order", "invoice", "delivery", "account", "subscription")
INTENTS = Task.model_validate(
    {"task": "Tell what a customer wants.", "labels": [f"{verb}_{thing}" for verb in _VERBS for thing in _THINGS]}
)

_TABLE = task_table(TASKS)
_SEEDED = Task.model_validate({"task": "Sort a note.", "labels": ["a", "b"], "seed_examples": list("stuvw")})


def hashes() -> dict[str, str]:
    """Name → hex sha256, of a plan or of the seed examples that its rows are shown."""
    plain = AttributeSamplingParameters(num_examples=60)
    changes = {
        "small": {},
        "long": {"num_examples": 6_000, **dict.fromkeys(ATTRIBUTES, "paper")},
        "many_weights": {"num_examples": 600, "extra": {"tone": {f"tone {n}": n * n for n in range(1, 21)}}},
        "random": {"num_examples": 600, "balance": "random"},
    }
    plans: dict[str, RowTable] = {
        name: plan_rows(_TABLE, SAMPLING.model_copy(update=changed), SEED) for name, changed in changes.items()
    }
    rounds = Rounds(
        recipe="", asked_with="", target=3, rounds=(first_round(QuotaSlots(_TABLE, plain, SEED), ("task",), 3),)
    )
    confused = Task.model_validate(TASKS[0].model_dump() | {"confusable": {"good": {"mixed": 3, "bad": 1}}})
    plans["confusable"] = plan_rows(task_table([confused]), plain, SEED)
    similar = SAMPLING.model_copy(update={"misleading_label": "similar"})
    plans["similar"] = plan_rows(task_table([INTENTS]), similar, SEED)
    plans["quota"] = quota_rows(_TABLE, plain, SEED, rounds)
    seeded = plan_rows(task_table([_SEEDED]), plain, SEED).to_pandas()
    texts = ShownTexts(seeded, [_SEEDED], 3)
    shown = {row["request_id"]: texts.texts(row) for row in records_of(seeded)}
    return {name: plan_sha256(plan) for name, plan in plans.items()} | {"shown": sha256_of(shown)}


if __name__ == "__main__":
    print(json.dumps(hashes()))  # noqa: T201
