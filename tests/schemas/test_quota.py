"""Files of a quota: `shortfall`, also of older versions."""

import pytest

from synthetic_textcat.schemas.quota import ShortCell

_CELL = {"cell": {"language": "German"}, "accepted": 1, "missing": 2, "planned": 9, "causes": {"wrong_language": 8}}


@pytest.mark.parametrize("name", ["unproductive", "barren"])
def test_a_cell_that_yielded_nothing_is_known_by_the_present_and_the_older_name(name: str) -> None:
    assert ShortCell.model_validate({**_CELL, name: True}).unproductive
    assert not ShortCell.model_validate(_CELL).unproductive


def test_it_is_written_by_the_present_name() -> None:
    written = ShortCell.model_validate({**_CELL, "barren": True}).model_dump(mode="json")
    assert written["unproductive"] is True
    assert "barren" not in written
