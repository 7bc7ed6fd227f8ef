"""The same tasks, whichever format they are written in and whichever dataset reads them."""

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kedro.io import AbstractDataset

from synthetic_textcat.datasets import TasksFileDataset
from synthetic_textcat.errors import TasksFileError
from synthetic_textcat.pipelines.task_ingest.nodes import read_tasks_file
from synthetic_textcat.schemas.parameters import TaskIngestParameters
from synthetic_textcat.schemas.task_input import TasksFile
from synthetic_textcat.schemas.tasks import Task, normalise
from synthetic_textcat.text.unicode import first_invisible
from tests.support.each_case import each_of
from tests.support.examples import examples
from tests.support.tasks_files import WRITERS, Entries

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(normalise)
_WEIGHT = st.floats(0.01, 100)
_VALUES = st.lists(st.sampled_from(["English", "German", "sw"]), min_size=1, unique=True)
_FORMS: list[st.SearchStrategy[Any]] = [
    st.sampled_from(["English", "sw"]),
    _VALUES,
    st.dictionaries(st.sampled_from(["English", "German", "sw"]), _WEIGHT, min_size=1),
]
_EXTRA = st.fixed_dictionaries({"tone": st.sampled_from(["calm", "[a]"])}, optional={"mood": st.just("[")})
_LABEL = {"name": _TEXT.filter(lambda name: first_invisible(name) is None)}
_LABEL_OPTIONS: dict[str, st.SearchStrategy[Any]] = {"description": _TEXT, "weight": _WEIGHT, "extra": _EXTRA}
_LABELS = st.lists(
    st.fixed_dictionaries(_LABEL, optional=_LABEL_OPTIONS),
    min_size=2,
    max_size=3,
    unique_by=lambda x: normalise(x["name"]),
)
_EXAMPLES = st.lists(st.fixed_dictionaries({"text": _TEXT}), max_size=2, unique_by=lambda x: x["text"].strip())

_SUPPORT: Entries = [
    {
        "task": "Route a message, or not.",
        "labels": [
            {"name": "Billing", "description": "invoices", "weight": 2.0},
            {"name": "NA", "extra": {"tone": "calm"}},
        ],
        "seed_examples": [{"text": 'Where is my "bill"?\nHm.', "label": "Billing"}, {"text": "Hä?", "label": "NA"}],
        "weight": 3.0,
        "language": {"German": 1.0, "sw": 0.5},
        "extra": {"tone": ["calm", "angry"]},
        "confusable": {"NA": {"Billing": 2.0}},
    },
    {"task": "Name the topic.", "labels": [], "language": {"English": 1.0}},
    {"task": "Sort it.", "labels": [{"name": "no"}, {"name": "1"}], "confusable": {"no": ["1"], "1": ["no"]}},
]


@st.composite
def _entries(draw: st.DrawFn) -> Entries:
    """Entries whose cells have one form a column, as a Parquet file asks."""
    options = {"labels": _LABELS, "seed_examples": _EXAMPLES, "weight": _WEIGHT, "extra": _EXTRA}
    options |= {"language": draw(st.sampled_from(_FORMS)), "num_words": st.just("at least 50")}
    entry = st.fixed_dictionaries({"task": _TEXT}, optional=options)
    return draw(st.lists(entry, min_size=1, max_size=4, unique_by=lambda x: Task(task=x["task"]).task_id))


def _read(path: Path) -> list[Task]:
    tasks = read_tasks_file(TasksFileDataset(filepath=str(path)).load(), TaskIngestParameters())
    assert isinstance(tasks, list)
    return tasks


def _through(suffix: str, entries: Entries, folder: Path) -> list[Task]:
    path = folder / f"tasks{suffix}"
    WRITERS[suffix](entries, path)
    return _read(path)


def _from_csv(folder: Path, text: str) -> list[Task]:
    path = folder / "tasks.csv"
    path.write_text(text, encoding="utf-8")
    return _read(path)


def _complaint_about_csv(folder: Path, text: str) -> str:
    with pytest.raises(TasksFileError) as caught:
        _from_csv(folder, text)
    return str(caught.value).removeprefix(str(folder / "tasks.csv"))


@examples(60)
@given(_entries())
def test_each_format_carries_every_task(entries: Entries) -> None:
    expected = [Task.model_validate(entry) for entry in entries]
    with tempfile.TemporaryDirectory() as folder:
        for suffix in WRITERS:
            assert _through(suffix, entries, Path(folder)) == expected, suffix


@pytest.mark.parametrize(
    ("suffix", "dataset"),
    [
        (".yml", "yaml.YAMLDataset"),
        (".json", "json.JSONDataset"),
        (".csv", "pandas.CSVDataset"),
        (".parquet", "pandas.ParquetDataset"),
    ],
)
def test_a_dataset_of_kedros_serves_too(suffix: str, dataset: str, tmp_path: Path) -> None:
    path = tmp_path / f"tasks{suffix}"
    WRITERS[suffix](_SUPPORT, path)

    tasks = read_tasks_file(
        AbstractDataset.from_config("tasks_file", {"type": dataset, "filepath": str(path)}).load(),
        TaskIngestParameters(),
    )

    assert tasks == [Task.model_validate(entry) for entry in _SUPPORT]


def test_without_a_path_an_error_says_which_catalog_entry_it_means() -> None:
    for content in ([{"task": "Tell.", "labels": ["a"]}], pd.DataFrame({"task": ["Tell."], "labels": [["a"]]})):
        with pytest.raises(
            TasksFileError, match=r"^The file of the catalog entry tasks_file, entry 1 \('Tell\.'\): has one label"
        ):
            read_tasks_file(content, TaskIngestParameters())


def test_cells_of_a_csv_file_may_be_plain(tmp_path: Path) -> None:
    [task] = _from_csv(
        tmp_path,
        "task,labels,language,clarity,weight,seed_examples\n[Sort] a review.,good | NA|no ,no,clear,2,Great stuff.\n",
    )

    assert task == Task.model_validate(
        {
            "task": "[Sort] a review.",
            "labels": ["good", "NA", "no"],
            "language": "no",
            "clarity": "clear",
            "weight": 2,
            "seed_examples": ["Great stuff."],
        }
    )


def test_cells_of_a_csv_file_stay_text(tmp_path: Path) -> None:
    [task] = _from_csv(tmp_path, "task,labels\n007,1|02|None\n")
    assert (task.task, task.label_names) == ("007", ("1", "02", "None"))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_csv_file_may_come_from_a_spreadsheet(separator: str, newline: str, tmp_path: Path) -> None:
    rows = [
        ["task", "labels", "weight"],
        ['"Tell, or; not."', "a|b", ""],
        ["", "", ""],
        ['"Name ""it""."', "", '"3,5"'],
    ]
    text = "\ufeff" + newline.join(separator.join(row) for row in rows) + newline

    tasks = _from_csv(tmp_path, text)

    assert tasks == [
        Task.model_validate({"task": "Tell, or; not.", "labels": ["a", "b"]}),
        Task(task='Name "it".', weight=3.5),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tsk,labels\nTell.,a|b\n", ": unknown column tsk; did you mean task?"),
        ("task,label\nTell.,a|b\n", ": unknown column label; did you mean labels?"),
        ("labels\na|b\n", ": lacks the column task; add it"),
        ("task,task\nTell.,Tell.\n", ": names the column task twice; keep one"),
        (",task\n0,Tell.\n", ": column 1 has no name; name it or remove it"),
        ("task,labels\n,a|b\n", ", entry 1: lacks the key task"),
        (
            'task,labels\nTell.,"[""a"" ""b""]"\n',
            ", entry 1 ('Tell.'): labels begins like JSON but is not valid: Expecting",
        ),
        (
            'task,extra\nTell.,"{""a"": ""b"", ""a"": ""c""}"\n',
            ", entry 1 ('Tell.'): extra begins like JSON but is not valid",
        ),
        (
            "task,labels,labels_per_text\nTell.,a|b|c,{'1': 1}\n",
            'fix it there, as in [0, 3] or {"1": 0.6, "2": 0.4}',
        ),
        (
            'task,labels,together\nTell.,a|b|c,"[{labels: [a, b], weight: 0}]"\n',
            'fix it there, as in [{"labels": ["Billing", "Returns"], "weight": 0}]',
        ),
        ("task,labels,labels_per_text\nTell.,a|b|c,{}\n", "labels_per_text: {} has no weight above 0; write a number"),
        ('task,labels,labels_per_text\nTell.,a|b|c,"1: 1, 2: 1"\n', "labels_per_text: '1: 1, 2: 1' is not a number"),
        ("task,language\nTell.,{}\n", "language: names no value; give one at least"),
        (
            'task,labels\nTell.,"a, b"\n',
            ", entry 1 ('Tell.'): labels holds one name, 'a, b'; write two or more, separated by |",
        ),
        ("task,labels\nTell.,a|\n", ", entry 1 ('Tell.'): label 2, name: the text is empty"),
        ("task,weight\nTell.,two\n", ", entry 1 ('Tell.'): weight: 'two' is not a weight"),
        ('task,weight\nTell.,"1,000"\n', ", entry 1 ('Tell.'): weight: '1,000' is not a weight"),
        (
            "task,language\nTell.,German | French\n",
            'language holds \'German | French\'; write several values as a JSON list: ["German", "French"]',
        ),
        (
            "task,clarity\nTell.,clear|ambiguous\n",
            "clarity holds 'clear|ambiguous'; write several values as a JSON list",
        ),
        (
            "task,seed_examples\nTell.,[URGENT] please call\n",
            'fix it there, or write a text as a JSON list: ["[URGENT] please call"]',
        ),
        ("task,language\nTell.,Germn\nName.,x\n", "did you mean German or Georgian? (and 1 more entry is wrong)"),
    ],
)
def test_a_wrong_table_is_named_with_its_column_or_entry(text: str, says: str, tmp_path: Path) -> None:
    assert says in _complaint_about_csv(tmp_path, text)


def test_lengths_and_languages_of_a_csv_file(tmp_path: Path) -> None:
    rows = [
        'Tell.,20 to 40 words,lb,""',
        'Name.,"{""to"": 280, ""unit"": ""characters""}","[""pt-BR"", ""zh-TW""]","{""语气"": [""正式"", ""随意""]}"',
        'Sort.,"[{""from"":20,""to"":40,""weight"":2},""at least 9""]",,"{""a"": {""given"": ""b"", ""x"": ""y""}}"',
    ]
    tasks = _from_csv(tmp_path, "\n".join(["task,num_words,language,extra", *rows]))
    assert [task.num_words for task in tasks] == [
        "20 to 40 words",
        "at most 280 characters",
        {"20 to 40": 2.0, "at least 9": 1.0},
    ]
    assert [task.language for task in tasks] == ["lb", ["pt-BR", "zh-TW"], None]
    assert tasks[1].extra == {"语气": ["正式", "随意"]}
    assert tasks[2].extra["a"] == {"given": "b", "x": "y"}


def test_ranges_of_a_parquet_file_may_be_structs(tmp_path: Path) -> None:
    bounds = pa.struct([("from", pa.int64()), ("to", pa.int64()), ("unit", pa.string())])
    ranges = [{"from": 20, "to": 40}, {"to": 280, "unit": "characters"}, None]
    table = pa.table({"task": ["Tell.", "Name.", "Sort."], "num_words": pa.array(ranges, bounds)})
    pq.write_table(table, tmp_path / "tasks.parquet")
    tasks = _read(tmp_path / "tasks.parquet")
    assert [task.num_words for task in tasks] == ["20 to 40", "at most 280 characters", None]


def test_a_parquet_file_may_hold_structs_lists_and_maps(tmp_path: Path) -> None:
    label = pa.struct([("name", pa.string()), ("description", pa.string()), ("weight", pa.int64())])
    table = pa.table(
        {
            "task": ["Tell.", "Name it."],
            "labels": pa.array(
                [[{"name": "a", "weight": 2}, {"name": "b", "description": "x"}], None], pa.list_(label)
            ),
            "language": pa.array([[("German", 1.0)], None], pa.map_(pa.string(), pa.float64())),
            "seed_examples": [{"a": ["One.", "Two."], "b": None}, None],
            "weight": pa.array([None, 2], pa.int64()),
        }
    )
    pq.write_table(table, tmp_path / "tasks.parquet")

    assert read_tasks_file(
        TasksFileDataset(filepath=str(tmp_path / "tasks.parquet")).load(), TaskIngestParameters()
    ) == [
        Task.model_validate(
            {
                "task": "Tell.",
                "labels": [{"name": "a", "weight": 2}, {"name": "b", "description": "x"}],
                "language": {"German": 1},
                "seed_examples": {"a": ["One.", "Two."]},
            }
        ),
        Task(task="Name it.", weight=2),
    ]


@each_of("content", [None, [], pd.DataFrame(), TasksFile("x.yml", None), TasksFile("x.yml", [])])
def test_a_file_may_be_empty_where_the_model_thinks_of_tasks(content: object) -> None:
    assert read_tasks_file(content, TaskIngestParameters(num_brainstormed=1)) == []
    with pytest.raises(TasksFileError, match=r"is empty. Next: add an entry .* or set task_ingest.num_brainstormed"):
        read_tasks_file(content, TaskIngestParameters())
