"""The seven promises of the design, one test each, on the whole thread."""

import json
from collections import Counter

import pandas as pd
import pytest
import yaml

from synthetic_textcat.hashing import sha256_of
from synthetic_textcat.llm.offline.defects import applies, defect_of
from synthetic_textcat.pipelines.attribute_sampling.nodes import plan_requests
from synthetic_textcat.schemas.outcomes import FAILURE_DEFECTS, RECOVERABLE_DEFECTS, REJECT_DEFECTS
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import plan_sha256
from tests.support.project import TRACKED, UP_TO_THE_CALLS, UP_TO_THE_PLAN, UP_TO_THE_REPORT, Project
from tests.support.server import FaultServer

pytestmark = pytest.mark.whole_run


def test_1_every_planned_row_ends_in_exactly_one_place(project: Project) -> None:
    rates = dict.fromkeys((*FAILURE_DEFECTS, *REJECT_DEFECTS), 0.03)
    project.parameters(
        llm={"defects": rates},
        generation={"retry": "show_reply"},  # another seed would draw another defect
        quality_report={"min_yield": 0, "thresholds": {"parsed": {"fail": None}}},
    )

    project.one_retry("synthetic_textcat.llm.offline.model.OfflineTemplateModel")  # four would wait for half a minute
    project.generate("--params", "attribute_sampling.num_examples=300", stages=UP_TO_THE_REPORT)

    plan, ends = project.table("requests"), _ends(project)
    assert ends.keys() == set(plan["request_id"])
    truth = _truth(plan, rates)
    duplicates = {row for row, end in truth.items() if end in ("exact_duplicate", "near_duplicate")}
    assert {row: end for row, end in ends.items() if row not in duplicates} == {
        row: end for row, end in truth.items() if row not in duplicates
    }
    # Of rows with one and the same text, or nearly so, the first in plan order stays.
    repeated = plan[plan["request_id"].isin(duplicates) & plan["label"].notna()]
    repeated = repeated.assign(end=repeated["request_id"].map(truth), short=repeated["num_words"] == "less than 10")
    kept = set(repeated.drop_duplicates(["task_id", "label", "end", "short"])["request_id"])
    for row in repeated["request_id"]:
        assert ends[row] == ("accepted" if row in kept else truth[row])
    ledger = project.ledger()
    assert ledger["rejected"] == _count(ends, REJECT_DEFECTS)
    assert ledger["failed"] == _count(ends, FAILURE_DEFECTS)
    assert ledger["planned"] == 300 == len(ends) + ledger["not_run"]


def test_2_a_paid_answer_is_never_paid_for_twice(
    project: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    few, more = (("--env", "openai", "--params", f"attribute_sampling.num_examples={n}") for n in (60, 90))
    project.generate(*few, stages=UP_TO_THE_CALLS, **openai_env)
    project.run("--pipelines", "quality_report,export", "--env", "openai", **openai_env)
    assert server.stats()["requests"] == 60

    project.generate(*more, stages=UP_TO_THE_CALLS, **openai_env)  # more rows: only the new ones
    assert server.stats()["requests"] == 90

    prompt = project.path("data/01_raw/prompts/open_labels.yml")
    prompt.write_text(prompt.read_text(encoding="utf-8").replace("Tell of one", "Tell of a"), encoding="utf-8")
    project.generate(*more, stages=UP_TO_THE_CALLS, **openai_env)  # another prompt: only the rows that it changes
    open_rows = int(project.table("requests")["label"].isna().sum())
    assert 0 < open_rows < 90
    assert server.stats()["requests"] == 90 + open_rows
    assert server.stats()["repeated_prompts"] == 0


def test_3_the_plan_does_not_depend_on_luck(project: Project) -> None:
    project.generate("--params", "attribute_sampling.num_examples=70", stages=UP_TO_THE_PLAN)
    first = project.table("requests")
    tasks = project.path("data/01_raw/tasks.yml")
    entries = yaml.safe_load(tasks.read_text(encoding="utf-8"))
    tasks.write_text(yaml.safe_dump(entries[::-1]), encoding="utf-8")

    project.generate("--params", "attribute_sampling.num_examples=300", stages=UP_TO_THE_PLAN, PYTHONHASHSEED="7")

    more = project.table("requests")
    pd.testing.assert_frame_equal(more.head(70), first)
    assert plan_sha256(more.head(70)) == plan_sha256(first)


def test_4_what_is_recorded_is_what_was_sent(project: Project, server: FaultServer, openai_env: dict[str, str]) -> None:
    few = "attribute_sampling.num_examples=40"
    project.generate("--env", "openai", "--params", few, stages=UP_TO_THE_REPORT, **openai_env)

    sent = server.stats()["last_body"]
    messages = [{"role": message["role"], "content": message["content"]} for message in sent["messages"]]
    [line] = [line for line in project.journal() if line["prompt_sha256"] == sha256_of(messages)]
    row = project.table("examples").set_index("request_id").loc[line["request_id"]]
    text = "\n".join(message["content"] for message in messages)
    assert all(row[name] in text for name in ("task", "language", "difficulty", "clarity", "num_words"))
    planned = project.table("requests").set_index("request_id").loc[line["request_id"]]
    assert sent["seed"] == planned["seed"]
    assert (sent["model"], sent["temperature"], sent["top_p"]) == ("gpt-4o-mini", 1.0, 1.0)


def test_5_model_output_is_data_and_recovered_where_a_person_could(project: Project) -> None:
    project.parameters(llm={"defects": dict.fromkeys(RECOVERABLE_DEFECTS, 1 / 6)})

    project.generate("--params", "attribute_sampling.num_examples=120", stages=UP_TO_THE_REPORT)

    assert project.ledger()["accepted"] == 120
    strict = [line for line in project.journal() if _is_strict_json_object(line["raw_text"])]
    assert len(strict) < 40  # it had something to recover


def test_6_a_run_can_be_rebuilt_from_mlflow_alone(project: Project) -> None:
    project.generate(
        "--params",
        "attribute_sampling.num_examples=80,seed=7,attribute_sampling.language=paper,quality_report.min_yield=0",
        stages=UP_TO_THE_REPORT,
        **TRACKED,
    )
    [run] = project.mlflow_runs()

    rebuild = project.mlflow_client().download_artifacts(run.info.run_id, "rebuild", str(project.folder))
    parameters = yaml.safe_load(project.path(f"{rebuild}/parameters.yml").read_text(encoding="utf-8"))
    tasks = pd.read_parquet(f"{rebuild}/tasks.parquet")
    sampling = AttributeSamplingParameters.model_validate(parameters["attribute_sampling"])
    plan = plan_requests(tasks, sampling, parameters["seed"])

    assert plan_sha256(plan) == run.data.tags["plan_sha256"]
    for prompt in project.path("data/01_raw/prompts").glob("*.yml"):
        assert project.path(f"{rebuild}/prompts/{prompt.name}").read_bytes() == prompt.read_bytes()


def test_7_it_runs_with_no_key_and_no_network(project: Project) -> None:
    output = project.generate("--params", "attribute_sampling.num_examples=30", TESTS_WITHOUT_ANY_NETWORK="1")

    assert "planned   30" in output
    assert project.counts()["examples"] > 20


def _ends(project: Project) -> dict[str, str]:
    """Request id → reason, cause or `accepted`; makes sure that no row is in two tables."""
    examples, rejected, failed = (project.table(name) for name in ("examples", "rejected", "failed"))
    pairs = [
        *((row, "accepted") for row in examples["request_id"]),
        *zip(rejected["request_id"], rejected["reject_reason"], strict=True),
        *zip(failed["request_id"], failed["failure_cause"], strict=True),
    ]
    assert max(Counter(row for row, _ in pairs).values()) == 1
    return dict(pairs)


def _truth(plan: pd.DataFrame, rates: dict[str, float]) -> dict[str, str]:
    """Where each row must end, from its seed and the rates alone."""
    truth = {}
    for row, seed, is_open in zip(plan["request_id"], plan["seed"], plan["label"].isna(), strict=True):
        defect = defect_of(seed, rates)
        truth[row] = defect if defect and applies(defect, closed=not is_open) else "accepted"
    return truth


def _count(ends: dict[str, str], names: tuple[str, ...]) -> dict[str, int]:
    return dict(sorted(Counter(end for end in ends.values() if end in names).items()))


def _is_strict_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
