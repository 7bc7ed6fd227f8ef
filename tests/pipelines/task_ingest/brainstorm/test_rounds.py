"""The list of domains."""

from pathlib import Path

import pytest
import yaml

from synthetic_textcat.errors import DomainsFileError
from synthetic_textcat.pipelines.task_ingest.brainstorm.rounds import read_domains, shuffled_domains
from tests.support.each_case import each_of

_FILE = Path(__file__).parents[4] / "data" / "01_raw" / "domains.yml"


def test_the_projects_own_list_is_long_and_valid() -> None:
    domains = read_domains(yaml.safe_load(_FILE.read_text(encoding="utf-8")))
    assert len(domains) >= 150
    assert max(map(len, domains)) < 60


def test_the_order_is_the_seeds() -> None:
    domains = ["a", "b", "c", "d", "e", "f"]
    assert sorted(shuffled_domains(domains, 1)) == domains
    assert shuffled_domains(domains, 1) == shuffled_domains(domains, 1) != shuffled_domains(domains, 2)


@each_of(
    ("content", "said"),
    [
        (None, "not a list of domains"),
        ([], "not a list of domains"),
        ({"a": 1}, "not a list of domains"),
        ("bakery", "not a list of domains"),
        (["bakery", 3], "entry 2 is 3, which is not text"),
        (["bakery", " "], "entry 2 is ' ', which is not text"),
        (["bakery", None], "entry 2 is None"),
        (["bakery", "zoo", "Bakery."], "entry 3 repeats entry 1"),
    ],
)
def test_a_wrong_list_is_refused_in_one_line_that_names_its_entry(content: object, said: str) -> None:
    with pytest.raises(DomainsFileError, match=said) as caught:
        read_domains(content)
    assert str(caught.value).startswith("The file of the catalog entry domains")
    assert "\n" not in str(caught.value)
