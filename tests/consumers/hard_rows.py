"""Hard rows: texts and labels that readers of CSV, JSON and YAML take for something else."""

import json
import random
from collections.abc import Iterator, Sequence

import pandas as pd

from synthetic_textcat.pipelines.export.splits import planned_splits
from synthetic_textcat.schemas.parameters import ExportParameters
from synthetic_textcat.schemas.publications import SPLITS
from synthetic_textcat.schemas.rows import EXAMPLES, REQUESTS, to_frame
from synthetic_textcat.schemas.tasks import TASKS_ARROW_SCHEMA, Task
from synthetic_textcat.tables import FrameTable, write_rows
from tests.support.project import Project

LONG = "a label of two hundred characters " * 6
NAMES = (
    *("commas, and more", 'a "quoted" one', "it's", "semi;colon", "pipe|d", "back\\slash", "#hash", "a: b"),
    *("NA", "N/A", "null", "None", "nan", "NULL!", "#N/A", "-", "no", "yes", "on", "true", "inf"),
    *("1", "1.0", "1.00", "007", "1e5", "0x1F", "1,000", "12:30", "2024-01-01", "01.02.2024", "3/4"),
    *("=1+1", "+49", "-1", "@home", "'quoted", "''", "__label__x", "<b>", "[1]", "{}", "%s", "\ufe0f✓ done"),
    *(LONG[:200], "退款", "退貨", "müde", "שלום", "👍🏽", "x"),
)
CASES = (
    "refund",
    "Refund",
    "REFUND",
    "caf\u00e9",
    "cafe\u0301",
    "\ufb01ne",
    "fine",
    "straße",
    "strasse",
    "a  b",
    "a b",
)
"""Labels that differ in case, composition or spaces only: a closed set has no two of these, an open one may."""

TEXTS = (
    'Two lines,\nand a "quote".\r\nThird; the tab\tis here, and a lone \r return.',
    "שלום, איפה החבילה שלי?\nالطرد لم يصل \u200fبعد.",
    "0123456789",
    "1234567890123456789012",
    "12.50",
    "2024-05-05",
    "NA",
    "null",
    "true",
    "=SUM(A1:A9)",
    "'=already escaped",
    "-5 degrees",
    "+49 30 1234",
    "@support hello",
    "我的包裹还没有到。\u3000谢谢",
    "\ufeffA byte order mark stands first.",
    "Line\u2028separator, next\u0085line, vertical\x0btab, form\x0cfeed.",
    "C:\\new\\table \\n is no line break",
    "<script>alert('x')</script> &amp; {{ braces }} %s",
    "Emoji 👩‍👩‍👧‍👦 and 🇩🇪, combining e\u0301, zero\u200bwidth",
    " spaces around ",
    "__label__x is a text of fastText",
    "A very long text. " + "word " * 4_000,
    "'",
    '"',
    ",",
)
CLOSED = Task.model_validate({"task": 'Sort a note, by its "spelling".', "labels": NAMES})
OPEN = Task.model_validate({"task": "Name the tone of a note."})
TWO = Task.model_validate({"task": "Say whether a note is good.", "labels": ["no", "yes"]})
FOUR = Task.model_validate({"task": "Sort a note by season.", "labels": ["spring", "summer", "autumn", "winter"]})
DATES = Task.model_validate({"task": "Sort a note by its day.", "labels": ["2024-01-01", "2024-01-02", "2024-02-29"]})
NUMBERS = Task.model_validate({"task": "Sort a note by its price.", "labels": ["1", "1.0", "1.00", "007"]})
TASKS = (CLOSED, OPEN, TWO, FOUR, DATES, NUMBERS)

_ROWS_PER_LABEL = 10
TESTED_OF_FOUR = FOUR.label_names[2:]


def examples() -> pd.DataFrame:
    """The rows: each hard text once, and ten rows of every label; words are drawn so that no two texts are alike."""
    return to_frame([*_rows()], EXAMPLES)


def _rows() -> Iterator[dict[str, object]]:
    drawn = random.Random(17)
    hard = iter(TEXTS)
    for task in TASKS:
        names = task.label_names or CASES
        for number in range(_ROWS_PER_LABEL * len(names)):
            label, other = (names[(number + step) % len(names)] for step in (0, 1))
            text = next(hard, None) if task is CLOSED else None
            yield example_row(task, number, text or _drawn(task, drawn), (label,), other)


def example_row(task: Task, number: int, text: str, labels: tuple[str, ...], misleading: str) -> dict[str, object]:
    """One accepted row."""
    return {
        "request_id": f"{task.task_id}{number:06d}",
        "task_id": task.task_id,
        "task": task.task,
        "input_text": text,
        "label": labels[0] if task.task_type == "single_label" else None,
        "labels": labels,
        "misleading_label": misleading,
        "language": "English",
        "difficulty": "PhD",
        "clarity": "clear",
        "num_words": "less than 10",
        "model_name": "model-1",
    }


def _drawn(task: Task, drawn: random.Random) -> str:
    """A text like no other: words, but for two tasks only times, or only digits."""
    if task is DATES:
        day, *time = (drawn.randrange(most) for most in (28, 24, 60, 60))
        return f"2{drawn.randrange(1000):03d}-0{drawn.randrange(1, 10)}-{day + 1:02d}T" + ":".join(
            f"{x:02d}" for x in time
        )
    if task is NUMBERS:
        return f"{drawn.randrange(10**15):015d}"
    return " ".join("".join(drawn.choices("abcdefghijklmnop", k=7)) for _ in range(6))


def hard_examples() -> pd.DataFrame:
    """The rows that are exported: two labels of `FOUR` have no test rows."""
    rows = examples()
    split = planned_splits(FrameTable(_requests(rows)), TASKS, 0, ExportParameters().splits, seed=42)
    untested = rows["label"].isin(set(FOUR.label_names) - set(TESTED_OF_FOUR)) & (split == SPLITS.index("test"))
    kept: pd.DataFrame = rows[~untested].reset_index(drop=True)
    return kept


def write_tables(project: Project, rows: pd.DataFrame, planned: pd.DataFrame, tasks: Sequence[Task]) -> None:
    """Writes what `export` reads, as `generate` leaves it without a quota.

    Args:
        project: Where.
        rows: The accepted rows.
        planned: All rows of the plan, with the columns of the accepted ones.
        tasks: Their tasks.
    """
    requests = _requests(planned)
    frames = {
        "03_primary/requests": requests,
        "03_primary/quota_slots": requests.head(0),
        "05_model_input/examples": rows,
    }
    for name, frame in frames.items():
        path = project.path(f"data/{name}.parquet")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_rows(path, FrameTable(frame))
    listed = to_frame([task.to_row("file") for task in tasks], dict.fromkeys(TASKS_ARROW_SCHEMA.names, "object"))
    project.path("data/02_intermediate").mkdir(parents=True, exist_ok=True)
    listed.to_parquet(project.path("data/02_intermediate/tasks.parquet"), index=False, schema=TASKS_ARROW_SCHEMA)
    counts = {"planned": len(requests), "accepted": len(rows), "not_run": len(requests) - len(rows), "surplus": 0}
    ledger = {**counts, "rejected": {}, "failed": {}}
    project.path("data/08_reporting").mkdir(parents=True, exist_ok=True)
    for name, content in {"ledger": ledger, "metrics": {"yield/all": 1.0}}.items():
        project.path(f"data/08_reporting/{name}.json").write_text(json.dumps(content), encoding="utf-8")


def _requests(rows: pd.DataFrame) -> pd.DataFrame:
    numbers = rows.groupby("task_id").cumcount()
    planned: pd.DataFrame = rows.assign(replicate=numbers, seed=1)[list(REQUESTS)]
    return planned.astype(REQUESTS)
