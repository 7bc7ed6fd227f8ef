"""When two sentences describe one task."""

import time

import pytest

from synthetic_textcat.pipelines.task_ingest.distinct import DistinctTasks

_HOTELS = "Sort customer reviews of hotels by star rating."
_VET = "Classify emails to a vet by the animal they concern."
_CROPS = "Tell which crop disease a farmer's note describes."
_RECIPES = "Classify recipes by the cooking technique they use."

_REWORDINGS = [
    (_HOTELS, "Sort customer reviews of hotel by star ratings."),
    (_HOTELS, "sort  customer reviews of hotels by star rating"),
    (_HOTELS, "Sort hotel customer reviews by star rating."),
    (_VET, "Classify the emails to a vet by the animal that they concern"),
    (_CROPS, "Tell which crop disease farmers\u2019 notes describe."),
    (_RECIPES, "Categorize recipes by cooking technique used."),
    ("Determine which stage of mourning a diary entry shows.", "Determine which stage of mourning diary entries show."),
    ("Sort museum visitor comments by the exhibit.", "Sort comments of museum visitors by their exhibits."),
    ("Classify legal clauses by the party that bears the risk.", "Classify a legal clause by the party bearing risk."),
    ("Sort bug reports of a game by the affected component.", "Sort a game's bug reports by the component affected."),
    (
        "Assign shipping inquiries to the port that they are about.",
        "Assign shipping enquiries to the port they are about",
    ),
]
_NEIGHBOURS = [
    (_HOTELS, "Sort customer reviews of restaurants by star rating."),
    (_HOTELS, "Sort customer reviews of hotels by the reviewer's travel party."),
    (_VET, "Classify emails to a zoo by the animal they concern."),
    (_CROPS, "Tell which cattle disease a farmer's note describes."),
    (_RECIPES, "Classify recipes by the cooking fat they use."),
    ("Sort insurance claims by the type of damage.", "Sort insurance claims by the type of vehicle."),
    ("Identify the main complaint on rail journeys.", "Identify the main complaint on ferry journeys."),
    ("Sort mails by the reason for a pupil's absence.", "Sort mails by the reason for a teacher's absence."),
    ("Tell the tone.", "Tell the topic."),
]


@pytest.mark.parametrize(("one", "other"), _REWORDINGS)
def test_a_rewording_is_the_same_task(one: str, other: str) -> None:
    assert other in DistinctTasks([one])
    assert one in DistinctTasks([other])


@pytest.mark.parametrize(("one", "other"), _NEIGHBOURS)
def test_another_thing_or_criterion_is_another_task(one: str, other: str) -> None:
    assert other not in DistinctTasks([one])


def test_only_new_tasks_are_taken_in() -> None:
    tasks = DistinctTasks()
    assert [tasks.add(text) for text in ("Sort mails by port.", "Sort the mail by ports.", "Tell it.", "!?", "!?")] == [
        *(True, False, True, True, False),
    ]


def test_thousands_of_tasks_stay_fast() -> None:
    things = [f"{a}{b}{c}" for a in "bdfgklmnpr" for b in "aeiou" for c in ("lt", "nd", "rk", "sp")]
    begun = time.process_time()
    tasks = DistinctTasks(f"Sort {one} notes by their {other}." for one in things for other in things[::20])
    assert "Sort a note on balt by the nalt of it." in tasks
    assert time.process_time() - begun < 5  # ten times what it takes here
