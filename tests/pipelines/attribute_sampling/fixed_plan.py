"""A small plan whose hash is written down; run as a program, it prints the hash."""

from synthetic_textcat.pipelines.attribute_sampling.plan import plan_rows
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters
from synthetic_textcat.schemas.rows import REQUESTS, plan_sha256, to_frame
from synthetic_textcat.schemas.tasks import Task

SEED = 42
SAMPLING = AttributeSamplingParameters(num_examples=7, language=["en", "de"])
TASKS = [
    Task.model_validate({"task": "Sort a review by its sentiment.", "labels": ["good", "bad", "mixed"]}),
    Task(task="Name the topic of a post."),
]

if __name__ == "__main__":
    print(plan_sha256(to_frame(plan_rows(TASKS, SAMPLING, SEED), REQUESTS)))  # noqa: T201
