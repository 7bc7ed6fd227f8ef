"""The labels that the model made for tasks without a label set."""

from synthetic_textcat.pipelines.quality_report.signals.corpus import Corpus
from synthetic_textcat.pipelines.quality_report.signals.measured import Measured
from synthetic_textcat.schemas.rows import records_of
from synthetic_textcat.text.unicode import normalised

MOST_LISTED = 20


def open_labels(corpus: Corpus) -> Measured:
    """How many labels were made, each task for itself, after normalising.

    Metrics: `labels/open_tasks` (planned tasks without a label set), `labels/made` (their different labels).
    Table `open_labels`: task, labels, rows, of the tasks with the most different labels.
    """
    open_tasks = corpus.requests.loc[corpus.requests["label"].isna(), "task_id"].unique()
    rows = corpus.examples[corpus.examples["task_id"].isin(open_tasks)]
    made = rows.assign(label=rows["label"].map(normalised)).groupby("task_id", sort=False)
    counts = made.agg(task=("task", "first"), labels=("label", "nunique"), rows=("label", "size"))
    most = counts.sort_values("labels", ascending=False, kind="stable").head(MOST_LISTED)
    return Measured(
        {"labels/open_tasks": len(open_tasks), "labels/made": int(counts["labels"].sum())},
        {"open_labels": list(records_of(most))},
    )
