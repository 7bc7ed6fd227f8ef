"""What is said before a push, and after it."""

import re
from functools import cache
from typing import Any

from synthetic_textcat.hooks.publishing import plan_lines, publication_lines
from synthetic_textcat.schemas.outcomes import BANNER
from synthetic_textcat.schemas.publications import Publication, PublicationPlan
from tests.pipelines.publish.builders import export
from tests.support.each_case import each_of

_HUB = "https://hub.example"


@cache
def _unchanged() -> PublicationPlan:
    return export().plan()


def _plan(**changes: Any) -> PublicationPlan:
    return {**_unchanged(), **changes}  # type: ignore[typeddict-item]


def _sized(size: int) -> str:
    lines = [*plan_lines(_plan(files=[{"name": "README.md", "bytes": size, "rows": None}]), _HUB)]
    return lines[4].removeprefix("files     README.md").strip()


def test_the_repository_the_files_and_their_sum_are_said_within_80_columns() -> None:
    lines = [*plan_lines(_plan(notes=[BANNER], left_behind=["notes.md"]), _HUB)]
    text = "\n".join(lines)
    assert "publish   somebody/reviews\nat        https://hub.example, private if it is new\n" in text
    assert re.search(r"^ {10}data/default-train\.parquet +1\.0 kB +14 rows$", text, re.MULTILINE)
    assert "in all    13 files, 13.0 kB, 17 examples\n" in text
    assert "note      notes.md is not of the export: it stays here." in text
    assert "dry run" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_public_one_a_dry_run_and_a_name_without_owner_are_said() -> None:
    text = "\n".join(plan_lines(_plan(private=False, dry_run=True, repository="reviews"), _HUB))
    assert "publish   reviews, of the owner of the token\nat        https://hub.example, public if it is new" in text
    assert text.endswith("dry run   nothing was sent: publish.dry_run=true")


@each_of(
    ("size", "told"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2_345_678, "2.3 MB"), (7 * 10**12, "7000.0 GB")]
)
def test_sizes_are_told_in_their_units(size: int, told: str) -> None:
    assert _sized(size) == told


def test_the_address_the_commit_and_what_was_removed_are_said() -> None:
    pushed: Publication = {
        "endpoint": _HUB,
        "repository": "somebody/reviews",
        "url": f"{_HUB}/datasets/somebody/reviews",
        "revision": "abc",
        "visibility": "private",
        "change": "updated",
        "template_data": False,
        "files": [],
        "removed": ["data/default-test.parquet"],
        "publish/rows": 1,
        "publish/files": 0,
        "publish/bytes": 0,
    }
    assert [*publication_lines(pushed)] == [
        "removed   data/default-test.parquet, of an earlier export",
        f"published {_HUB}/datasets/somebody/reviews (private; updated)",
        "revision  abc",
    ]
    assert "(private; the same files were there)" in "\n".join(publication_lines({**pushed, "change": "none"}))


def test_of_many_files_the_first_are_listed_and_the_others_counted() -> None:
    plan = _plan()
    files = plan["files"] * 10
    lines = [*plan_lines({**plan, "files": files}, _HUB)]
    assert sum(".parquet " in line or "README.md " in line for line in lines) == 40
    assert f"          and {len(files) - 40} more: all are in the dataset 'publication_plan'" in lines
