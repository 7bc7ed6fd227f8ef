"""What models learn of the exported rows, and what is said where they can't."""

import logging
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from synthetic_textcat.errors import EvaluationError, StaleTableError
from synthetic_textcat.hashing import pick, sha256_of
from synthetic_textcat.pipelines.evaluate.exported_rows import File
from synthetic_textcat.pipelines.evaluate.nodes import (
    ClassifierScores,
    TripletScores,
    gather_evaluation,
    gather_exported_rows,
    list_real_predictions,
    match_real_rows,
    plot_learning_curve,
    save_classifiers,
    train_classifiers,
    train_on_triplets,
)
from synthetic_textcat.schemas.parameters import EvaluateParameters, ExportParameters
from synthetic_textcat.schemas.run_records import REAL_PREDICTIONS
from synthetic_textcat.schemas.tasks import normalise
from synthetic_textcat.tables import as_table
from tests.pipelines.evaluate.builders import (
    OTHER,
    TASK,
    WORDS,
    MadeFile,
    evaluation_set,
    exported,
    folder,
    labelled,
    tasks_frame,
)

_WITH_EXTRA = pytest.mark.skipif(not find_spec("sentence_transformers"), reason="the extra `train` is not installed")
_WITHOUT_EXTRA = pytest.mark.skipif(bool(find_spec("sentence_transformers")), reason="the extra `train` is installed")
_NO_MODEL = EvaluateParameters()


def _triplets(rows: int, start: int = 0) -> pd.DataFrame:
    def _row(number: int) -> dict[str, str]:
        label, other = sorted(WORDS)[number % 3], sorted(WORDS)[(number + 1) % 3]
        text = " ".join(pick(WORDS[label], number, place) for place in range(6))
        return {"anchor": text, "positive": label, "negative": other}

    return pd.DataFrame([_row(number) for number in range(start, start + rows)])


def _files(train: int, test: int) -> dict[str, File]:
    return {
        "data/triplet-train.parquet": MadeFile(_triplets(train)),
        "data/triplet-test.parquet": MadeFile(_triplets(test, train)),
    }


def _classified(
    rows: pd.DataFrame, given: pd.DataFrame | None, evaluate: EvaluateParameters = _NO_MODEL
) -> ClassifierScores:
    tasks = tasks_frame()
    return train_classifiers(as_table(rows), match_real_rows(given, tasks), tasks, evaluate, ExportParameters(), 42)


@cache
def _of_few() -> ClassifierScores:
    """Of rows that are too few for most scores."""
    return _classified(exported(labelled(60, "made")), evaluation_set(labelled(12, "real")))


@cache
def _of_enough() -> ClassifierScores:
    rows = pd.concat([exported(labelled(105, "made")), exported(labelled(9, "kept"), "test")], ignore_index=True)
    return _classified(rows, evaluation_set([*labelled(60, "real"), ("", "Sport")]))


def test_the_exported_rows_come_with_their_splits_and_must_be_rows_of_this_run() -> None:
    rows = pd.concat([exported(labelled(6, "a")), exported(labelled(3, "b"), "test")], ignore_index=True)
    examples = rows.drop(columns="split").iloc[::-1].reset_index(drop=True)
    found = gather_exported_rows(folder(rows), as_table(examples))
    assert found["split"].value_counts().to_dict() == {"train": 6, "test": 3}
    assert not len(gather_exported_rows({}, as_table(examples)))
    with pytest.raises(StaleTableError, match=r"^1 rows of .*'huggingface' are not in .*Next: run `kedro run"):
        gather_exported_rows(folder(rows), as_table(examples.assign(label=["Chess", *examples["label"][1:]])))


def test_real_scores_stand_next_to_what_is_to_be_had_without_synthetic_rows() -> None:
    metrics, lines, curve, _ = _of_enough()
    assert metrics["real/macro_f1"] == metrics[f"real/macro_f1/{TASK.task_id}"] == lines[0]["macro_f1"]
    assert metrics["real/macro_f1"] == curve[-1]["macro_f1"]
    low, high = metrics["real/macro_f1_low"], metrics["real/macro_f1_high"]
    assert (low or 2) <= (metrics["real/macro_f1"] or 0) <= (high or 0)
    assert metrics["real/majority_macro_f1"] == pytest.approx(1 / 6, abs=1e-4)
    assert metrics["real/train_on_real_macro_f1"] == lines[0]["train_on_real_macro_f1"]
    assert (metrics["real/rows"], metrics["real/rows_left_out"], metrics["real/training_rows"]) == (60, 1, 105)
    assert [point["training_rows"] for point in curve] == [25, 50, 100, 105]
    assert metrics["real/macro_f1_by_rows/100"] == curve[2]["macro_f1"]
    assert "real/macro_f1_by_rows/105" not in metrics
    assert metrics["train/held_out_synthetic_rows"] == 9


def test_the_same_rows_have_the_same_scores_again() -> None:
    one, other = (_classified(exported(labelled(24, "made")), evaluation_set(labelled(9, "real"))) for _ in range(2))
    assert one.metrics == other.metrics


def test_rows_left_out_are_reported_with_the_reason(caplog: pytest.LogCaptureFixture) -> None:
    rows = labelled(6, "real")
    twice = [(text.upper(), label) for text, label in rows[:2]]
    found = match_real_rows(evaluation_set([*rows, *twice, ("", "Sport")]), tasks_frame())
    assert (found.repeated, found.incomplete, len(found.rows)) == (2, 1, 6)
    assert caplog.messages == [
        "3 of the evaluation set's 9 labelled rows are left out: 2 repeated, 1 without a text or a label"
    ]


def test_predictions_name_labels_and_hold_no_text_of_the_users() -> None:
    real = evaluation_set(labelled(12, "real"))
    predicted = list_real_predictions(_of_few())
    assert list(predicted.columns) == list(REAL_PREDICTIONS)
    assert (predicted["label"] == predicted["predicted"]).mean() > 0.9
    assert set(predicted["row"]) == {sha256_of(normalise(text)) for text in real["text"]}
    assert not set(real["text"]) & set(predicted.to_numpy().ravel())


def test_without_the_option_no_classifier_is_written() -> None:
    assert list(save_classifiers(_of_few(), as_table(exported(labelled(60, "made"))), _NO_MODEL)) == []


def test_without_real_rows_no_score_is_called_real_or_accuracy() -> None:
    rows = pd.concat([exported(labelled(60, "made")), exported(labelled(9, "kept"), "test")], ignore_index=True)
    found = _classified(rows, None)
    metrics, lines, curve, _ = found
    assert set(metrics) == {
        *(f"train/held_out_synthetic_macro_f1{end}" for end in ("", "_low", "_high")),
        "train/held_out_synthetic_rows",
    }
    assert (lines[0]["macro_f1"], lines[0]["note"], curve) == (None, "", [])
    assert not plot_learning_curve(found).data
    assert list_real_predictions(found).empty


def test_too_few_real_rows_to_learn_from_are_reported() -> None:
    found = _of_few()
    assert found.metrics["real/train_on_real_macro_f1"] is None
    assert found.tasks[0]["note"] == "training on real rows needs 50 rows and 2 labels with 5 rows each"


def test_a_task_without_synthetic_rows_is_reported_and_fails_if_there_is_no_other() -> None:
    sad = [("Oh well.", "Sad"), ("Hooray.", "Glad")]
    one, both = exported(labelled(60, "made")), evaluation_set(labelled(12, "real"))
    given = pd.concat([both, evaluation_set(sad, task_id=OTHER.task_id)], ignore_index=True)
    found = _classified(one, given)
    assert found.metrics["real/tasks"] == 1
    assert found.tasks[1]["note"] == "no two labels among the synthetic rows of the train split"
    with pytest.raises(EvaluationError, match="No task of the evaluation set has synthetic rows of two labels"):
        _classified(one, evaluation_set(sad, task_id=OTHER.task_id))


def test_an_evaluation_set_without_labels_is_reported_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    found = match_real_rows(pd.DataFrame({"text": ["a"], "Label": ["Sport"]}), tasks_frame())
    assert found.rows.empty
    assert "no column `label` or `labels`, but text, Label. Next: rename its column of labels, or" in caplog.messages[0]


def test_the_curve_is_a_line_a_task_next_to_what_real_rows_give() -> None:
    found = _of_enough()
    line, ceiling = plot_learning_curve(found).data
    assert line.name == TASK.task
    assert list(line.x) == [25, 50, 100, 105]
    assert list(line.y) == [point["macro_f1"] for point in found.curve]
    assert all(error >= 0 for error in (*line.error_y.array, *line.error_y.arrayminus))
    assert set(ceiling.y) == {found.metrics["real/train_on_real_macro_f1"]}


@_WITHOUT_EXTRA
def test_a_missing_extra_is_a_warning_where_there_are_other_scores(caplog: pytest.LogCaptureFixture) -> None:
    triplets = train_on_triplets(_files(10, 10), _NO_MODEL)
    assert not triplets.metrics
    metrics, _ = gather_evaluation(triplets, ClassifierScores({"real/macro_f1": 0.5}, [], []))
    assert metrics == {"real/macro_f1": 0.5}
    assert "needs the extra `train`" in caplog.messages[0]


@_WITHOUT_EXTRA
def test_a_missing_extra_is_one_line_with_the_next_step_where_nothing_else_was_tried() -> None:
    with pytest.raises(EvaluationError, match=r"^No task has enough rows .*needs the extra `train`") as caught:
        gather_evaluation(train_on_triplets(_files(10, 10), _NO_MODEL), ClassifierScores({}, [], []))
    assert "\n" not in str(caught.value)
    assert "install -e .[train]" in str(caught.value)


@_WITHOUT_EXTRA
def test_a_model_of_the_users_needs_the_extra(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="needs the extra `train`"):
        _classified(exported(labelled(6, "made")), None, EvaluateParameters(embedding_model=str(tmp_path)))


def test_a_model_that_is_no_folder_is_one_line_without_the_extra_too(tmp_path: Path) -> None:
    absent = EvaluateParameters(embedding_model=str(tmp_path / "absent"))
    with pytest.raises(
        EvaluationError, match=r"^evaluate\.embedding_model=.*absent is not a folder\. Next: "
    ) as caught:
        _classified(exported(labelled(6, "made")), None, absent)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("train", "test", "named"), [(0, 3, "train"), (3, 0, "test")])
def test_a_split_without_rows_is_named(train: int, test: int, named: str) -> None:
    lacking = f"no rows in data/triplet-{named}"
    files = _files(train, test)
    assert lacking in (train_on_triplets(files, _NO_MODEL).lacking or "")
    del files[f"data/triplet-{named}.parquet"]
    found = train_on_triplets(files, _NO_MODEL)
    assert lacking in (found.lacking or "")
    with pytest.raises(EvaluationError, match=lacking):
        gather_evaluation(found, ClassifierScores({}, [], []))


def _number(found: TripletScores, name: str) -> float:
    value = found.metrics[name]
    assert value is not None
    return value


@_WITH_EXTRA
@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_labels_that_follow_from_texts_are_learnt_alike_each_time() -> None:
    found = train_on_triplets(_files(600, 60), _NO_MODEL)
    assert _number(found, "train/triplet_accuracy_before") < 0.75
    assert _number(found, "train/triplet_accuracy_after") > 0.95
    assert _number(found, "train/triplet_accuracy_after_low") < _number(found, "train/triplet_accuracy_after")
    assert (found.metrics["train/rows"], found.metrics["train/held_out_rows"]) == (600, 60)
    assert train_on_triplets(_files(600, 60), _NO_MODEL) == found


@_WITH_EXTRA
@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_labels_that_do_not_follow_are_not() -> None:
    files = _files(600, 300)
    names = sorted(WORDS)

    def _drawn() -> pd.DataFrame:
        turned = [number % 3 for number in range(600)]
        labels = [names[(turn + int(pick("012", number, "noise"))) % 3] for number, turn in enumerate(turned)]
        others = [names[(names.index(label) + 1) % 3] for label in labels]
        return _triplets(600).assign(positive=labels, negative=others)

    found = train_on_triplets({**files, "data/triplet-train.parquet": MadeFile(_drawn())}, _NO_MODEL)
    assert 0.2 < _number(found, "train/triplet_accuracy_after") < 0.8
