"""An attribute of a task may name a file of weights: its content counts, wherever it is, and faults in it are told."""

import json
from pathlib import Path
from typing import Any

import pytest
from kedro.io import DatasetError

from synthetic_textcat.datasets import TasksFileDataset
from synthetic_textcat.error_messages import format_user_error
from synthetic_textcat.errors import TasksFileError
from synthetic_textcat.pipelines.attribute_sampling.plan import plan_rows
from synthetic_textcat.pipelines.task_ingest.tasks_file import read_tasks
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import plan_sha256
from tests.support.task_tables import task_table
from tests.support.tasks_files import WRITERS, Entries

_FILES = {
    "languages.csv": "\ufefflanguage;weight\nde;3\npt-br;1\n",
    "more/lengths.csv": "num_words,weight\n20-40 words,2\nat most 280 characters,1\n",
    "tones.csv": "tone\nformal\nwarm\n",
    "chat.csv": "tone,weight\ncasual,3\nrude,1\n",
}
_NAMED: Entries = [
    {
        "task": "Sort a mail.",
        "labels": [{"name": "a", "extra": {"tone": "@chat.csv"}}, {"name": "b"}],
        "language": "@languages.csv",
        "num_words": "@more/lengths.csv",
        "extra": {
            "channel": ["e-mail", "chat"],
            "tone": {"given": "channel", "e-mail": "@tones.csv", "chat": "@chat.csv"},
            "handle": "@home",
        },
    },
    {"task": "Name it."},
]
_WRITTEN: Entries = [
    {
        "task": "Sort a mail.",
        "labels": [{"name": "a", "extra": {"tone": {"casual": 3, "rude": 1}}}, {"name": "b"}],
        "language": {"German": 3, "Portuguese (Brazil)": 1},
        "num_words": {"20 to 40": 2, "at most 280 characters": 1},
        "extra": {
            "channel": ["e-mail", "chat"],
            "tone": {"given": "channel", "e-mail": {"formal": 1, "warm": 1}, "chat": {"casual": 3, "rude": 1}},
            "handle": "@home",
        },
    },
    {"task": "Name it."},
]


def _tasks(entries: Entries, suffix: str, folder: Path, files: dict[str, str] = _FILES) -> Any:
    (folder / "more").mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    path = folder / f"tasks{suffix}"
    WRITERS[suffix](entries, path)
    found = TasksFileDataset(filepath=str(path)).load()
    return read_tasks(found.content, found.path)


@pytest.mark.parametrize("suffix", WRITERS)
def test_files_next_to_the_tasks_file_stand_for_their_mappings(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    named = _tasks(_NAMED, suffix, tmp_path / "data" / "raw")
    assert named == _tasks(_WRITTEN, suffix, tmp_path / "written")


def test_a_spreadsheet_may_write_decimal_commas(tmp_path: Path) -> None:
    given = {"x.csv": "language;weight\nde;0,5\nen;1,25\nfr; 0,125\nit;3\n"}
    commas, points = (
        _tasks([{"task": "Sort.", "language": "@x.csv"}], ".yml", tmp_path / name, files)
        for name, files in (("commas", given), ("points", {"x.csv": given["x.csv"].replace(",", ".")}))
    )
    assert commas == points
    assert commas[0].language == {"German": 0.5, "English": 1.25, "French": 0.125, "Italian": 3}


def test_the_plan_depends_on_the_content_of_the_file_and_not_on_its_place(tmp_path: Path) -> None:
    one = {**_NAMED[0], "language": "@languages.csv"}
    changed = _FILES | {"languages.csv": "language,weight\nde,3\npt-br,2\n"}
    other = {**one, "language": f"@{tmp_path / 'here' / 'l.csv'}"}
    hashes = []
    for folder, entry, files in (
        ("here", one, _FILES),
        ("elsewhere", other, _FILES | {"../here/l.csv": _FILES["languages.csv"]}),
        ("changed", one, changed),
    ):
        tasks = _tasks([entry], ".yml", tmp_path / folder, files)
        plan = plan_rows(task_table(tasks), AttributeSamplingParameters(num_examples=40), 42)
        hashes.append(plan_sha256(plan))
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize(
    ("entry", "files", "line"),
    [
        (
            {"language": "@langauges.csv"},
            {},
            "raw/tasks.yml, entry 2 ('Sort a mail.'): language: raw/langauges.csv is not a file. Next: name one",
        ),
        ({"language": "@languages.txt"}, {}, "'languages.txt' has a suffix that is none of .csv, .parquet. Next: save"),
        (
            {"language": "@languages.csv"},
            {"languages.csv": "language,weight\nGerm,1\n"},
            "raw/languages.csv, line 2: unknown language 'Germ'; did you mean German",
        ),
        (
            {"num_words": "@x.csv"},
            {"x.csv": "num_words\n20\n"},
            "raw/x.csv, line 2: '20' is not a range; write `exactly 20 words`",
        ),
        (
            {"language": "@x.csv"},
            {"x.csv": 'language,weight\n\n"de\n",1\n\nGerm,2\n'},
            "raw/x.csv, line 6: unknown language 'Germ'",
        ),
        ({"clarity": "@x.csv"}, {"x.csv": "language\nde\n"}, "unknown column 'language'; allowed: clarity, weight"),
        ({"extra": {"tone": "@x.csv"}}, {}, "entry 2 ('Sort a mail.'): extra.tone: raw/x.csv is not a file"),
        (
            {"extra": {"tone": {"given": "language", "English": "@x.csv"}}},
            {},
            "extra.tone.English: raw/x.csv is not a file",
        ),
        (
            {"labels": [{"name": "a", "extra": {"tone": "@x.csv"}}, "b"]},
            {"x.csv": "tone\nwarm\nwarm\n"},
            "raw/x.csv has warm in the lines 2 and 3. Next: keep one",
        ),
        (
            {"labels": [{"name": "a", "extra": {"tone": "@x.csv"}}, "b"]},
            {},
            "entry 2 ('Sort a mail.'): label a, extra.tone: raw/x.csv is not a file",
        ),
        ({"extra": {"tone": "@x.csv"}}, {"x.csv": "tone,weight\nwarm,\n"}, "line 2: '' is not a weight. Next: write a"),
        (
            {"language": "@x.csv"},
            {"x.csv": "language;weight\nde;0,5\nen;1,000\n"},  # one, or a thousand
            "line 3: '1,000' is not a weight. Next: write a",
        ),
        ({"language": ["de", "@languages.csv"]}, {}, "a file of weights stands alone, in attribute_sampling or in"),
    ],
)
def test_a_faulty_file_is_told_in_one_line(
    entry: Any, files: dict[str, str], line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises((DatasetError, TasksFileError)) as caught:
        _tasks(["Name it.", {"task": "Sort a mail.", **entry}], ".yml", tmp_path / "raw", files)  # type: ignore[list-item]
    said = format_user_error(caught.value) or ""
    assert "\n" not in said
    assert line in said


def test_a_table_without_files_is_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "tasks.csv"
    rows = ['@home,@a|b,"{""to"": ""@me""}"', 'Name it.,a|b,"{""broken"": ""@me.csv"']
    path.write_text("\n".join(["task,labels,extra", *rows]), encoding="utf-8")
    content: Any = TasksFileDataset(filepath=str(path)).load().content
    assert content["task"].tolist() == ["@home", "Name it."]
    assert content["labels"].tolist() == ["@a|b", "a|b"]
    assert json.loads(content["extra"][0]) == {"to": "@me"}
    assert content["extra"][1] == '{"broken": "@me.csv'


def test_an_unquoted_name_in_yaml_gets_its_next_step(tmp_path: Path) -> None:
    path = tmp_path / "tasks.yml"
    path.write_text("- task: Sort a mail.\n  language: @languages.csv\n", encoding="utf-8")
    with pytest.raises(DatasetError) as caught:
        TasksFileDataset(filepath=str(path)).load()
    assert "line 2, column 13 is not YAML" in (format_user_error(caught.value) or "")
    assert "Next: put the text in quotes, since it begins with @" in (format_user_error(caught.value) or "")
