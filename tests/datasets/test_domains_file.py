"""The list of domains: errors name the file that was read."""

from pathlib import Path

import pytest
from kedro.io import DatasetError

from synthetic_textcat.datasets import DomainsFileDataset
from synthetic_textcat.errors import DomainsFileError
from synthetic_textcat.pipelines.task_ingest.brainstorm.domains import read_domains


@pytest.fixture(autouse=True)
def _in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_rules_name_the_file_that_was_read() -> None:
    dataset = DomainsFileDataset(filepath=str(Path("fields.yml").resolve()))
    Path("fields.yml").write_text("- bakery\n- zoo\n", encoding="utf-8")
    assert read_domains(dataset.load()) == ["bakery", "zoo"]
    assert dataset.preview() == "- bakery\n- zoo\n"
    Path("fields.yml").write_text("- bakery\n- 3\n", encoding="utf-8")
    with pytest.raises(DomainsFileError, match=r"^fields\.yml, entry 2 is 3, which is no text\. Next: "):
        read_domains(dataset.load())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "fields.yml is missing. Next: "),
        ("- a: b: c", "fields.yml, line 1, column 7 is not YAML: "),
        ("- a\n- !!timestamp foo", "fields.yml, line 2, column 3 is not YAML: 'foo' is no timestamp. Next: "),
        ("- !!bool foo", "fields.yml, line 1, column 3 is not YAML: 'foo' is no bool. Next: "),
        ('- !!int ""', "fields.yml, line 1, column 3 is not YAML: '' is no int. Next: "),
    ],
)
def test_what_can_not_be_read_is_named(text: str | None, says: str) -> None:
    if text is not None:
        Path("fields.yml").write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError) as caught:
        DomainsFileDataset(filepath="fields.yml").load()
    assert str(caught.value.__cause__).startswith(says)
