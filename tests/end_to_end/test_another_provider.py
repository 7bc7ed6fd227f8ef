"""A chat model of LangChain that is neither ours nor OpenAI's, through a whole run: one catalog entry, one setting."""

import json

import pytest
import yaml

from tests.support.project import TRACKED, Project

_FAKE = "langchain_core.language_models.fake_chat_models.FakeListChatModel"
_TASK = {"task": "Say how formal an e-mail is.", "labels": ["formal", "casual"]}
_LLM = {"model": "fake-list", "temperature": None, "top_p": None}


def _reply(label: str, other: str, number: int) -> str:
    text = f"Dear number {number}, {'please find the papers enclosed.' if label == 'formal' else 'see you later then!'}"
    return json.dumps({"input_text": text, "label": label, "misleading_label": other})


def _with_fake(project: Project, responses: list[str]) -> None:
    entry = {
        "type": "synthetic_textcat.datasets.ChatModelDataset",
        "class_path": _FAKE,
        "kwargs": {"responses": responses},
    }
    project.path("conf/local/catalog_genai.yml").write_text(yaml.safe_dump({"llm": entry}), encoding="utf-8")
    project.path("data/01_raw/tasks.yml").write_text(yaml.safe_dump([_TASK]), encoding="utf-8")


@pytest.mark.slow
def test_a_run_with_a_chat_model_of_langchain_core_ends_with_accepted_rows(project: Project) -> None:
    pairs = [("formal", "casual"), ("casual", "formal")]
    _with_fake(project, [_reply(*pairs[number % 2], number) for number in range(40)])
    project.parameters(
        llm=_LLM,
        attribute_sampling={"num_examples": 40},
        generation={"max_concurrency": 1},
        quality_report={"min_yield": 0.1, "near_duplicate_similarity": 1.0},  # its texts differ by a number only
    )

    output = project.generate(**TRACKED)

    ledger, counts = project.ledger(), project.counts()
    assert ledger["planned"] == 40 == counts["examples"] + counts["rejected"]
    assert counts["examples"] >= 5
    assert set(ledger["rejected"]) <= {"label_not_as_planned"}  # the fake answers in turn, whatever is asked
    assert "FakeListChatModel has no structured output" in " ".join(output.split())
    assert {line["raw_text"] for line in project.journal()} == {
        _reply(*pairs[number % 2], number) for number in range(40)
    }
    [run] = project.mlflow_runs()
    assert run.data.params["llm.model"] == "fake-list"
    assert "template_data" not in run.data.tags

    assert "calls     0" in project.generate()


def test_a_setting_that_the_class_lacks_is_told_before_any_call(project: Project) -> None:
    _with_fake(project, ["never asked"])

    done = project.run("--pipelines", "generate", "--params", "llm.model=fake-list")

    assert done.returncode == 1
    said = " ".join((done.stdout + done.stderr).split())
    assert "takes no temperature, top_p; set llm.temperature, llm.top_p to null" in said
    assert "Traceback" not in said
    assert project.journal() == []
