"""Labels as numbers."""

from hypothesis import given, settings
from hypothesis import strategies as st

from synthetic_textcat.text.label_rows import label_rows
from synthetic_textcat.text.unicode import normalised
from tests.pipelines.quality_report.builders import example_frame

_LABELS = st.sampled_from(["joy", "Joy", " joy", "grief", "fear"])


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(["t0", "t1", "t2"]), _LABELS, _LABELS), max_size=20))
def test_numbers_stand_for_what_is_equal_after_normalising(rows: list[tuple[str, str, str]]) -> None:
    found = label_rows(
        example_frame({"task_id": task, "label": label, "misleading_label": other} for task, label, other in rows)
    )
    assert [found.task_ids[task] for task in found.task] == [task for task, _, _ in rows]
    assert [found.keys[label] for label in found.label] == [normalised(label) for _, label, _ in rows]
    assert [found.keys[label] for label in found.misleading] == [normalised(other) for _, _, other in rows]
    assert [found.spellings[label] for label in found.spelling] == [label for _, label, _ in rows]
    assert [normalised(name) for name in found.names] == list(found.keys)
    assert found.counts["rows"].sum() == len(rows)
    assert not found.counts.duplicated(["task", "label"]).any()
