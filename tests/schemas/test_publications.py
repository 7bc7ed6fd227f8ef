"""Names that a hub takes for a repository."""

from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]
from hypothesis import example, given
from hypothesis import strategies as st

from synthetic_textcat.schemas.parameters import PublishParameters
from synthetic_textcat.schemas.publications import checked_repository
from tests.support.each_case import each_of


def _is_taken(name: str) -> bool:
    try:
        checked_repository(name)
    except ValueError:
        return False
    return True


def _is_taken_by_the_client(name: str) -> bool:
    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return True


@given(st.text("ab1_.-/", max_size=12) | st.text(max_size=5))
@example("a" * 96)
@example("somebody/reviews.git")
@example("some--body/reviews")
def test_every_name_that_is_taken_is_one_for_the_client_too(name: str) -> None:
    assert not _is_taken(name) or _is_taken_by_the_client(name)


@each_of("name", ["reviews", "some-body/re_views.2", "a/b", "Some.Body/1", "_a/b_"])
def test_common_names_are_taken(name: str) -> None:
    assert _is_taken(name)
    assert _is_taken_by_the_client(name)


@each_of(
    "name", ["", "/", "a/", "/a", "a/b/c", "datasets/a/b", "-a", "a.", "a/b.git", "a--b", "a..b", "a b", "ä", "a\n"]
)
def test_others_are_not(name: str) -> None:
    assert not _is_taken(name)


def test_a_name_of_digits_is_a_name() -> None:
    assert PublishParameters.model_validate({"repository": 2026}).repository == "2026"
