"""A file of confusable labels adds to tasks of the file and of the model, and never goes before a task's own."""

from pathlib import Path

import pytest
from kedro.io import DatasetError

from synthetic_textcat.datasets import ConfusableFileDataset, OptionalDataset
from synthetic_textcat.errors import ConfusableFileError
from synthetic_textcat.pipelines.task_ingest.nodes import read_confusable_file, read_tasks_file
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, TaskIngestParameters
from synthetic_textcat.schemas.task_input import ConfusableFile
from synthetic_textcat.schemas.tasks import Task
from tests.support.each_case import each_of

_TASKS = [
    {"task": "Sort a ticket.", "labels": ["Billing", "Returns", "Accounts"], "confusable": {"Billing": ["Accounts"]}},
    {"task": "Sort a review.", "labels": ["good", "bad", "mixed"]},
]
_SIMILAR = AttributeSamplingParameters(misleading_label="similar")
_FILE = "data/01_raw/confusable.yml"


def _read(content: object, sampling: AttributeSamplingParameters = _SIMILAR, num_brainstormed: int = 0) -> list[Task]:
    labels = read_confusable_file(None if content is None else ConfusableFile(_FILE, content), sampling)
    tasks = read_tasks_file(_TASKS, TaskIngestParameters(num_brainstormed=num_brainstormed), labels)
    assert isinstance(tasks, list)
    return tasks


def _fault_of(content: object) -> str:
    with pytest.raises(ConfusableFileError) as caught:
        _read(content)
    line = str(caught.value)
    assert line.startswith(_FILE)
    assert "\n" not in line
    return line.removeprefix(_FILE)


def test_a_task_is_named_by_its_sentence_or_its_id_and_its_own_labels_come_first() -> None:
    ticket, review = (Task.model_validate(entry) for entry in _TASKS)
    content = {
        "sort a ticket": {"Billing": ["Returns"], "Returns": {"Billing": 2, "Accounts": 1}},
        review.task_id: {"good": "mixed"},
    }
    found = _read(content)
    assert [task.confusable for task in found] == [
        {"Billing": ["Accounts"], "Returns": {"Billing": 2.0, "Accounts": 1.0}},
        {"good": "mixed"},
    ]
    assert [task.model_copy(update={"confusable": {}}) for task in found] == [
        task.model_copy(update={"confusable": {}}) for task in (ticket, review)
    ]


@pytest.mark.parametrize("content", [None, {}])
def test_without_a_file_or_entry_tasks_are_as_they_were(content: object) -> None:
    assert _read(content) == [Task.model_validate(entry) for entry in _TASKS]


def test_an_even_draw_does_not_read_the_file() -> None:
    assert _read({"Sort.": "nonsense"}, AttributeSamplingParameters()) == _read(None)


@each_of(
    ("content", "says"),
    [
        (["Sort."], " holds ['Sort.'], which is not a mapping. Next: write `task: {label: [other labels]}`"),
        ({5: {}}, ": the task 5 is not a text; put it in quotes. Next: write `task:"),
        ({"Sort a tiket.": {}}, " names the unknown task 'Sort a tiket.' (did you mean Sort a ticket. or"),
        ({"0123456789ab": {}}, " names the unknown task '0123456789ab' (allowed: "),
        ({"Sort a ticket.": {}, "SORT a ticket": {}}, " names one task twice: 'Sort a ticket.' and 'SORT a ticket'"),
        ({"Sort a review.": ["good"]}, ", entry 'Sort a review.': confusable: ['good'] is not a mapping"),
        (
            {"Sort a review.": {"god": ["bad"]}},
            ", entry 'Sort a review.': confusable: unknown label 'god'; did you mean",
        ),
        ({"Sort a review.": {"good": ["bod"]}}, ", entry 'Sort a review.': confusable: 'good' names the unknown label"),
        ({"Sort a review.": {"good": []}}, ", entry 'Sort a review.': confusable: 'good' names no label"),
        # A task's own choice for a label does not hide a fault of the file.
        ({"Sort a ticket.": {"Billing": ["x"]}}, ", entry 'Sort a ticket.': confusable: 'Billing' names the unknown"),
    ],
)
def test_a_wrong_file_is_one_line_with_entry_and_fault(content: object, says: str) -> None:
    assert _fault_of(content).startswith(says)


def test_with_brainstorming_an_entry_may_be_of_a_task_to_come() -> None:
    thought = Task.model_validate({"task": "Name a bird.", "labels": ["owl", "hawk"]})
    content = {"Name a bird.": {"owl": ["hawk"]}, "Sort a review.": {"good": ["bad"]}}
    labels = read_confusable_file(ConfusableFile(_FILE, content), _SIMILAR)
    assert _read(content, num_brainstormed=1)[1].confusable == {"good": ["bad"]}
    assert labels.applied(thought).confusable == {"owl": ["hawk"]}
    assert labels.unknown([thought.task_id]) == ["Sort a review."]


def test_the_file_may_be_absent_and_a_broken_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    entry = {"type": ConfusableFileDataset, "filepath": "confusable.yml"}
    dataset = OptionalDataset(dataset=entry)
    assert dataset.load() is None
    Path("confusable.yml").write_text("Sort.: {good: [bad]}\nSort.: {bad: [good]}\n", encoding="utf-8")
    with pytest.raises(DatasetError) as caught:
        dataset.load()
    assert isinstance(caught.value.__cause__, ConfusableFileError)  # which is what `cli` prints
    assert str(caught.value.__cause__).startswith("confusable.yml, line 2, column 1 is not YAML: the key 'Sort.'")
    Path("confusable.yml").write_text("Sort.: {good: [bad]}\n", encoding="utf-8")
    assert dataset.load().content == {"Sort.": {"good": ["bad"]}}
