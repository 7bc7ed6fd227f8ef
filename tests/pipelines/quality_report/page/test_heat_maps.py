"""Heat maps: the worst rows first, nested sides as groups, and figures with room for each row."""

from typing import Any

from synthetic_textcat.pipelines.quality_report.page.heat_maps import QUOTA_SIDES, heat_map
from synthetic_textcat.pipelines.quality_report.page.plots import quota_figure


def _entry(down: str, across: str, accepted: int, target: int = 6) -> dict[str, Any]:
    return {"down": down, "across": across, "accepted": accepted, "target": target}


def test_the_least_filled_rows_come_first() -> None:
    table = [
        *(_entry("full", language, 6) for language in ("German", "English")),
        *(_entry("half", language, 3) for language in ("German", "English")),
        _entry("smaller target, full", "English", 1, target=1),
        _entry("smaller target, full", "German", 1, target=1),
    ]
    cells = heat_map(table, QUOTA_SIDES)

    assert [*cells.rows] == ["half", "full", "smaller target, full"]
    assert cells.across == ["German", "English"]
    assert not cells.is_nested


def test_labels_of_one_task_each_are_grouped_by_task() -> None:
    table = [_entry("a", "one", 6), _entry("b", "one", 0), _entry("c", "two", 2)]
    cells = heat_map(table, QUOTA_SIDES)

    assert cells.is_nested
    assert {task: [*entries] for task, entries in cells.groups.items()} == {"one": ["b", "a"], "two": ["c"]}


def test_a_row_without_one_of_the_columns_has_an_empty_cell() -> None:
    table = [_entry("a", "one", 6), _entry("b", "one", 0), _entry("b", "two", 2)]
    cells = heat_map(table, QUOTA_SIDES)

    assert cells.rows["a"] == [table[0], None]
    assert not cells.is_nested


def test_the_figure_grows_with_its_rows_and_keeps_the_ends_of_long_names() -> None:
    names = [f"{'confirm_the_receipt_of_an_address_for_' * 2}{number}" for number in range(77)]
    figure = quota_figure([_entry(name, language, 6) for name in names for language in ("German", "English")])

    assert figure.layout.height > 77 * 20
    assert len(set(figure.layout.yaxis.ticktext)) == 77
    assert max(map(len, figure.layout.yaxis.ticktext)) < 40
    assert figure.data[0].y[0] == names[0]
    assert quota_figure([]).layout.height < 500


def test_a_cell_whose_proportion_gives_it_no_row_is_full() -> None:
    figure = quota_figure([_entry("a", "German", 1, target=1), _entry("a", "Turkish", 0, target=0)])
    assert list(figure.data[0].z[0]) == [1.0, 1.0]


def test_a_row_that_is_to_have_no_rows_is_not_the_emptiest() -> None:
    table = [_entry("none asked for", "German", 0, target=0), _entry("half", "German", 3)]
    assert [*heat_map(table, QUOTA_SIDES).rows] == ["half", "none asked for"]
