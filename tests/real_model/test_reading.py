"""The reading of texts: the draw tells nothing of the verdicts, and the scores are counted right."""

from pathlib import Path

import pandas as pd
import pytest

from tests.real_model.reading import GOOD, drawn, main, rows_in, scores

_ROW = {"task": "t", "language": "English", "num_words": "x", "label": "a", "misleading_label": "b"}


def _tables(folder: Path, good: int, bad: int) -> Path:
    texts = [f"text {number}" for number in range(good + bad)]
    rows = pd.DataFrame([{**_ROW, "input_text": text} for text in texts])
    rows[:good].to_parquet(folder / "examples.parquet")
    rows[good:].assign(reject_reason="same_labels").to_parquet(folder / "rejected.parquet")
    return folder


@pytest.mark.parametrize(("good", "bad", "of_good"), [(50, 50, 20), (5, 50, 5), (50, 3, 37), (2, 2, 2)])
def test_half_of_the_texts_are_accepted_as_far_as_there_are(tmp_path: Path, good: int, bad: int, of_good: int) -> None:
    chosen = drawn(rows_in(_tables(tmp_path, good, bad)))

    assert len(chosen) == min(40, good + bad)
    assert (chosen["verdict"] == GOOD).sum() == of_good


def test_a_reading_is_scored_by_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = tmp_path / "reading.csv"
    main("draw", str(_tables(tmp_path, 2, 2)), str(sheet))
    shown, key = pd.read_csv(sheet), pd.read_csv(f"{sheet}.key")
    assert "verdict" not in shown.columns
    shown["reasons"] = [GOOD if verdict == GOOD else "label_leaked same_labels" for verdict in key["verdict"]]
    shown.to_csv(sheet, index=False)

    main("score", str(sheet))
    assert "| `same_labels` | 2 | 2 | 2 | 1.00 | 1.00 |" in capsys.readouterr().out


def test_precision_and_recall_are_of_texts() -> None:
    assert [*scores([GOOD, "label_leaked", GOOD], [GOOD, GOOD, "label_leaked"])] == [
        (GOOD, 2, 2, 1),
        ("label_leaked", 1, 1, 0),
    ]
    for read in ("", "no_such_reason"):
        with pytest.raises(ValueError, match="text 1: write good"):
            list(scores([read], [GOOD]))
