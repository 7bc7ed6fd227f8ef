"""What a user plans with: own attributes, seed examples, overrides, and a look before any money is spent."""

import re
from collections.abc import Sequence

import pytest
import yaml

from tests.support.project import Project
from tests.support.server import FaultServer

_TASKS = [
    {
        "task": "Sort a support ticket by the team that must answer it.",
        "labels": {"Billing": "invoices and refunds", "Shipping": "parcels and couriers"},
        "seed_examples": {"Billing": ["I paid twice, <b>again</b>."], "Shipping": "Where is my parcel?"},
        "language": {"German": 1},
        "extra": {"mood": ["calm", "upset"]},
    },
    "Say what a legal question is about.",
]


@pytest.fixture
def own(project: Project) -> Project:
    """A project with these tasks and an attribute for all of them."""
    _write_tasks(project, _TASKS)
    project.path("data/01_raw/languages.csv").write_text("language,weight\nlb,1\npt-br,3\n", encoding="utf-8")
    tone = {"given": "channel", "email": ["औपचारिक", "विनम्र"], "chat": "मित्रवत"}
    project.parameters(
        attribute_sampling={
            "num_examples": 24,
            "language": "@data/01_raw/languages.csv",
            "num_words": ["20 to 40 words", {"to": 280, "unit": "characters"}],
            "extra": {"channel": {"email": 3, "chat": 1}, "स्वर": tone},
        },
    )
    return project


def test_own_attributes_and_seed_examples_reach_prompts_tables_and_report(own: Project) -> None:
    own.generate()

    examples = own.table("examples")
    assert list(examples.columns)[-5:] == ["num_words", "channel", "स्वर", "mood", "model_name"]
    for name in ("requests", "candidates", "rejected", "failed"):
        columns = list(own.table(name).columns)
        assert columns[columns.index("num_words") + 1 :][:3] == ["channel", "स्वर", "mood"]
    requests = own.table("requests")
    closed = requests[requests["label"].notna()]
    assert set(closed["language"]) == {"German"}
    texts = examples.set_index("request_id")["input_text"].reindex(closed["request_id"]).dropna()
    assert len(texts) >= 11
    assert texts.str.startswith("[offline]").all()  # German, and no text of this task
    assert dict(closed["mood"].value_counts()) == {"calm": 6, "upset": 6}
    assert dict(requests["channel"].value_counts()) == {"email": 18, "chat": 6}
    assert set(requests["num_words"]) == {"20 to 40", "at most 280 characters"}
    spoken = requests[requests["label"].isna()]["language"]
    assert dict(spoken.value_counts()) == {"Portuguese (Brazil)": 9, "Luxembourgish": 3}
    tones = requests.groupby(["channel", "स्वर"]).size().to_dict()
    assert tones.pop(("chat", "मित्रवत")) == 6
    assert set(tones) == {("email", "औपचारिक"), ("email", "विनम्र")}
    assert min(tones.values()) >= 8  # of 9 e-mails in each of two tasks
    report = own.path("data/08_reporting/quality_report.html").read_text(encoding="utf-8")
    assert "mood: upset" in report
    assert "Labels that the model made" in report
    assert "channel: email, स्वर: विनम्र" in report
    metrics = own.metrics()
    assert metrics["labels/open_tasks"] == 1
    assert metrics["length/measurable"] == 1.0
    shares = [metrics[f"length/in_bucket/{name}"] for name in ("20_to_40", "at_most_280_characters")]
    assert all(share is not None and share >= 0.8 for share in shares)
    assert metrics["coverage/स्वर"] is not None
    preview = own.path("data/03_primary/prompt_preview.md").read_text(encoding="utf-8")
    assert '- "I paid twice, <b>again</b>."' in preview
    assert "- channel: email" in preview
    assert "words, " in preview
    assert "at most 280 characters, " in preview


def test_a_preview_asks_no_model_and_writes_nothing_else(
    own: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    _write_tasks(own, [*_TASKS, {"task": "Sort a mail.", "labels": list("abcdefg")}])

    done = own.run(
        "--pipelines", "preview", "--env", "openai", "--params", "task_ingest.num_brainstormed=5", **openai_env
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "misleading_label=similar, from 7 labels on. Most labels: 'Sort a mail.', 7." in " ".join(
        done.stdout.split()
    )
    assert "# 3 of 24 planned rows" in done.stdout
    assert "### user" in done.stdout
    assert "- misleading_label: " in done.stdout
    assert server.stats()["requests"] == 0
    written = {path.name for path in own.path("data").rglob("*") if path.is_file() and "01_raw" not in path.parts}
    assert written == {"prompt_preview.md"}


def test_similar_misleading_labels_come_from_the_file_of_confusable_ones(own: Project) -> None:
    intents = [f"{verb}_{thing}" for verb in ("cancel", "pay") for thing in ("order", "invoice", "fee", "account")]
    _write_tasks(own, [{"task": "Tell what a customer wants.", "labels": intents}])
    pairs = {"Tell what a customer wants": {label: [intents[number - 1]] for number, label in enumerate(intents)}}
    own.path("data/01_raw/confusable.yml").write_text(yaml.safe_dump(pairs), encoding="utf-8")

    done = own.run("--pipelines", "preview", "--params", "attribute_sampling.misleading_label=similar")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Recommended" not in done.stdout
    planned = re.findall(r"^- label: (\w+)\n- misleading_label: (\w+)$", done.stdout, re.MULTILINE)
    assert len(planned) == 3
    assert all(intents[intents.index(label) - 1] == other for label, other in planned)


def test_a_misspelt_placeholder_is_told_by_name_before_any_call(
    own: Project, server: FaultServer, openai_env: dict[str, str]
) -> None:
    path = own.path("data/01_raw/prompts/open_labels.yml")
    path.write_text(path.read_text(encoding="utf-8").replace("{clarity}", "{clairty}"), encoding="utf-8")

    brainstorm = ("--params", "task_ingest.num_brainstormed=8")
    done = own.run("--pipelines", "generate", "--env", "openai", *brainstorm, **openai_env)

    assert done.returncode == 1
    assert (
        "data/01_raw/prompts/open_labels.yml has the unknown placeholder {clairty}; did you mean clarity?"
        in done.stderr
    )
    assert server.stats()["requests"] == 0


@pytest.mark.slow
def test_a_reply_that_copies_a_seed_example_is_a_duplicate_of_it(own: Project) -> None:
    sampling = {"num_examples": 24, "num_seed_examples": 0}  # so that prompts, and replies, stay what they are
    own.parameters(attribute_sampling=sampling)
    billing = {**_TASKS[0], "language": "English"}  # type: ignore[dict-item]
    _write_tasks(own, [billing, _TASKS[1]])
    own.generate()
    copied = own.table("examples").query("label == 'Billing'").iloc[0]
    _write_tasks(own, [{**billing, "seed_examples": [copied["input_text"].upper()]}, _TASKS[1]])

    assert "calls     0" in own.generate()

    (rejected,) = own.table("rejected").to_dict("records")
    assert rejected["request_id"] == copied["request_id"]
    assert (rejected["reject_reason"], rejected["detail"]) == ("exact_duplicate", "seed example")


def _write_tasks(project: Project, entries: Sequence[object]) -> None:
    project.path("data/01_raw/tasks.yml").write_text(yaml.safe_dump(list(entries), sort_keys=False), encoding="utf-8")
