"""Misleading labels of rows with several labels: none of the set, balanced within a set, by nearness or choice."""

from collections import Counter
from typing import Any

import pandas as pd

from synthetic_textcat.pipelines.attribute_sampling.label_odds import set_odds_of_group
from synthetic_textcat.pipelines.attribute_sampling.nodes import report_plan
from synthetic_textcat.pipelines.attribute_sampling.plan import plan_rows
from synthetic_textcat.pipelines.attribute_sampling.plan_report import warning_about_splits
from synthetic_textcat.schemas.label_sets import label_set_codes
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, SplitShares
from synthetic_textcat.schemas.tasks import Task
from tests.support.several_labels import MOOD, ROUTING, TOPICS
from tests.support.task_tables import task_table

_ROUTING = Task.model_validate(ROUTING)


def _plan(task: Task, rows: int, **sampling: Any) -> pd.DataFrame:
    parameters = AttributeSamplingParameters.model_validate({"num_examples": rows, **sampling})
    return plan_rows(task_table([task]), parameters, 42).to_pandas()


def test_misleading_labels_are_even_within_each_set_wherever_the_task_ends() -> None:
    plan = _plan(_ROUTING, 300)
    for code, rows in plan.groupby(label_set_codes(plan))["misleading_label"]:
        counts: Counter[str] = Counter()
        outside = [name for name in _ROUTING.label_names if f'"{name}"' not in str(code)]
        for name in rows:
            counts[name] += 1
            own = [counts[other] for other in outside]
            assert sum(own) == counts.total()
            assert max(own) - min(own) <= 1


def test_odds_are_the_mean_over_the_set_and_confusable_labels_come_first() -> None:
    names = ["card lost", "card stolen", "card order", "opening hours", "loan rates"]
    task = {"task": "Route.", "labels": names, "labels_per_text": [0, 3]}
    odds = set_odds_of_group(
        Task.model_validate(task), [[{"name": name, "description": ""} for name in names]], "similar"
    )
    by_name, number = sorted(names), {name: place for place, name in enumerate(sorted(names))}
    usual = odds[0].usual
    found = odds[0].of([number["card lost"], number["loan rates"]])
    expected = usual[number["card lost"]] + usual[number["loan rates"]]
    for name in by_name:
        own = 0.0 if name in ("card lost", "loan rates") else expected[number[name]]
        assert found[number[name]] == own
    assert found[number["card stolen"]] > found[number["opening hours"]] > 0

    confusable = {"card lost": {"card stolen": 3, "loan rates": 1}, "card order": "card lost"}
    (own_odds,) = set_odds_of_group(Task.model_validate(task | {"confusable": confusable}), [], "even")

    def weights(*labels: str) -> dict[str, float]:
        of_set = own_odds.of([number[name] for name in labels])
        return {name: of_set[number[name]] for name in names if of_set[number[name]]}

    assert weights("card lost", "opening hours") == {"card stolen": 3, "loan rates": 1}
    assert weights("card lost", "card order") == {"card stolen": 3, "loan rates": 1}
    assert weights("card lost", "card order", "card stolen") == {"loan rates": 1}
    assert set(weights("card lost", "card stolen", "loan rates")) == {"card order", "opening hours"}


def test_a_row_without_a_label_draws_it_by_the_weights_of_the_labels() -> None:
    task = Task.model_validate(TOPICS | {"labels_per_text": {0: 1, 1: 1}})
    plan = _plan(task, 360)
    none = plan[plan["labels"].map(len) == 0]
    assert dict(none["misleading_label"].value_counts()) == {"Economy": 80, "Health": 40, "Sports": 40, "Climate": 20}


def test_confusable_labels_are_the_misleading_ones_of_planned_rows() -> None:
    task = Task.model_validate(ROUTING | {"confusable": {"Billing": ["Returns", "Accounts"]}})
    plan = _plan(task, 150, misleading_label="similar")
    for own, misleading in zip(plan["labels"], plan["misleading_label"], strict=True):
        assert misleading not in own
        if "Billing" in own:
            assert misleading in {"Returns", "Accounts"}


def test_repeated_prompts_and_rows_per_label_know_label_sets() -> None:
    tasks = task_table([Task.model_validate(entry) for entry in (ROUTING, MOOD)])
    sampling = AttributeSamplingParameters(num_examples=90, difficulty="PhD", clarity="clear", num_words="at least 10")
    requests = plan_rows(tasks, sampling, 42)
    plan = requests.to_pandas()
    alike = plan.assign(labels=label_set_codes(plan)).duplicated(["task", "labels", "misleading_label"])
    assert report_plan(requests, tasks, sampling)["plan/repeated_prompts"] == alike.sum() > 0
    line = warning_about_splits(requests, tasks, SplitShares(train=0.9, validation=0.05, test=0.05))
    assert line is not None
    counts = Counter(name for own in plan["labels"] for name in own)
    few = sum(rows < 20 for rows in counts.values())
    assert line.startswith(f"{few} of 9 labels have fewer than 20")
