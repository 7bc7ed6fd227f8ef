"""A small plan whose hash is written down; run as a program, it prints the hash."""

from synthetic_textcat.pipelines.attribute_sampling.plan import plan_rows
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import plan_sha256
from synthetic_textcat.schemas.tasks import Task

SEED = 42
SAMPLING = AttributeSamplingParameters(
    num_examples=90, language="paper", num_words="paper", clarity="paper", extra={"tone": {"formal": 3, "angry": 0.7}}
)
TASKS = [
    Task.model_validate(
        {
            "task": "Sort a review by its sentiment.",
            "labels": ["good", {"name": "bad", "weight": 2.5}, {"name": "mixed", "extra": {"tone": ["dry", "warm"]}}],
            "weight": 2,
            "language": {"de": 3, "fr": 2, "it": 1, "es": 0.5},
        }
    ),
    Task(task="Name the topic of a post."),
    Task.model_validate({"task": "Name the author's mood.", "extra": {"channel": ["email", "chat", "letter"]}}),
]

if __name__ == "__main__":
    print(plan_sha256(plan_rows(TASKS, SAMPLING, SEED)))  # noqa: T201
