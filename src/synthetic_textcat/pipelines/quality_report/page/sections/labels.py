"""Report sections on labels: balance, variants, learnability and shortcuts."""

from synthetic_textcat.pipelines.quality_report.page.layout import (
    LABELS,
    NOTE,
    ROWS,
    TASK,
    Column,
    Number,
    Section,
    Table,
)

LABEL_SECTIONS = (
    Section(
        "Labels",
        "Entropy says how evenly a task's labels are used: 1 is even, 0 is a single label. Variants are labels that "
        "differ in case or number only.",
        (
            Number("labels/entropy", "entropy, the mean", "number"),
            Number("labels/entropy_lowest", "the least even task", "number"),
            Number("labels/variants", "labels that are variants", "count"),
        ),
        (
            Table(
                "label_balance",
                "The least even tasks",
                (
                    TASK,
                    ROWS,
                    LABELS,
                    Column("entropy", "entropy", "number"),
                    Column("majority_share", "most frequent", "share"),
                    Column("variants", "variants", "count"),
                ),
            ),
            Table("label_variants", "Variants", (TASK, Column("label", "label"), Column("like", "like"), ROWS)),
            Table(
                "task_sizes",
                "Accepted rows a task",
                (
                    Column("rows_from", "rows, from", "count"),
                    Column("rows_to", "to", "count"),
                    Column("tasks", "tasks", "count"),
                    Column("tasks", "", "bar"),
                ),
            ),
        ),
    ),
    Section(
        "Labels that the model made",
        "For tasks without a label set. Labels that differ in case or spaces only are one.",
        (
            Number("labels/open_tasks", "tasks without a label set", "count"),
            Number("labels/made", "different labels", "count"),
        ),
        (
            Table(
                "open_labels",
                "The tasks with the most labels",
                (TASK, Column("labels", "different labels", "count"), Column("rows", "accepted rows", "count")),
            ),
        ),
    ),
    Section(
        "Shortcuts",
        "What a model could learn without reading: how well something simple predicts the label, on rows that it has "
        "not seen. Near chance is good. The words are those that give a label away.",
        (
            Number("shortcut/longer_side", "have the same one of the two labels as the longer"),
            Number("shortcut/length_gain", "of the way from chance to certain by length"),
            Number("shortcut/word_gain", "by one word a label"),
        ),
        (
            Table(
                "shortcuts",
                "By task, the easiest first",
                (
                    TASK,
                    ROWS,
                    LABELS,
                    Column("chance", "chance", "number"),
                    Column("length", "length", "number"),
                    Column("word_score", "one word", "number"),
                    Column("words", "words", is_long=True),
                ),
            ),
        ),
    ),
    Section(
        "Learnability",
        "A linear model on word counts, trained and tested on the accepted rows, each row predicted by a model that "
        "has not seen it. High is no proof of quality: with one telling word it is a leak by synonym.",
        (
            Number("learnability/macro_f1", "macro-F1", "number"),
            Number("learnability/tasks", "tasks with enough rows", "count"),
            Number("label_noise/rate", "labels in doubt"),
        ),
        (
            Table(
                "learnability",
                "By task",
                (
                    TASK,
                    ROWS,
                    LABELS,
                    Column("macro_f1", "macro-F1", "number"),
                    Column("chance_f1", "by chance", "number"),
                    NOTE,
                ),
            ),
            Table(
                "label_noise",
                "Labels in doubt",
                (TASK, ROWS, Column("issues", "in doubt", "count"), Column("rate", "share", "share"), NOTE),
            ),
        ),
    ),
)
