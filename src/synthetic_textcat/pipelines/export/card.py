"""The dataset card: facts of the run that a reader must know before training on its rows."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from importlib.metadata import version
from typing import Any, NamedTuple

import pandas as pd
import yaml

from synthetic_textcat.pages import render_markdown
from synthetic_textcat.pipelines.export.label_set_views import has_label_sets
from synthetic_textcat.pipelines.export.splits import rows_of_parts, split_codes
from synthetic_textcat.schemas.cost_figures import DATASET, THIS_CONFIGURATION, figure_rows
from synthetic_textcat.schemas.label_sets import LABELS, has_multi_label
from synthetic_textcat.schemas.label_verdicts import text_sha256
from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.schemas.model_names import is_same_model
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, ExportParameters, LlmParameters
from synthetic_textcat.schemas.publications import SPLITS, TAG, Part, parts
from synthetic_textcat.schemas.quota import wanted_rows
from synthetic_textcat.schemas.rows import ATTRIBUTES, LABEL_AGREEMENT, own_of
from synthetic_textcat.schemas.run_records import ROW_PROMPT_NAMES, SEVERAL_LABELS_PROMPT, prompt_sha256
from synthetic_textcat.schemas.task_table import tasks_of
from synthetic_textcat.schemas.tasks import Task
from synthetic_textcat.schemas.writers import judge_note, writer_note
from synthetic_textcat.tables import RowGroups, RowTable, value_counts
from synthetic_textcat.text.intervals import wilson_interval

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
_LARGEST = "10M<n<100M"
_SHOWN_ELSEWHERE = ("rows/", "rejected/", "failed/", "calls/", "tokens/", "cost/", "time/", "judge/")
"""Groups of metrics that the card's other tables show."""

LABEL_REASONS = ("label_disputed", "label_ambiguous")
"""Reject reasons that a judge's verdict gives."""

_ACCURACY = ("label/accuracy", "label/accuracy_low", "label/accuracy_high", "label/hand_labelled")


class _ValueRows(NamedTuple):
    """Number of planned (of a quota: wanted) and of exported rows with a value, and of both with any value of it."""

    attribute: str
    value: str
    planned: int
    rows: int
    all_planned: int
    all_rows: int


def write_card(
    examples: RowTable,
    by_task: RowGroups,
    requests: RowTable,
    quota_slots: pd.DataFrame,
    tasks: pd.DataFrame,
    ledger: dict[str, object],
    metrics: dict[str, float | None],
    splits: RowTable,
    split_report: dict[str, float],
    llm: LlmParameters,
    seed: int,
    sampling: AttributeSamplingParameters,
    export: ExportParameters,
    prompt_versions: dict[str, int],
    label_facts: dict[str, Any],
    *prompts: Any,
) -> str:
    """The dataset folder's README.md: Markdown, with the YAML head that the hub reads.

    No row goes in. Tasks and names that a model, a server or a user gives are shown as code, without the characters
    that would end it; label names, which the features of a task's config need, are quoted YAML.

    Args:
        examples: As exported.
        by_task: The same by task.
        requests: The plan; its values are what was requested, whichever parameter, task or label chose them.
        quota_slots: The rows that a quota asks for; empty without one.
        tasks: The table.
        ledger: Where each planned row ended.
        metrics: Of the quality report.
        splits: Split of each example.
        split_report: Rows by split, and those that the evaluation set has.
        llm: Names the model where there is no example.
        seed: Of the plan.
        sampling: Quota and balance of the plan.
        export: How they are exported.
        prompt_versions: Of the templates that MLflow has registered, by name.
        label_facts: What is known of the labels, as of `gather_label_facts`.
        prompts: Templates, in the order of `ROW_PROMPT_NAMES`, and that of several labels.
    """
    shown = (*ATTRIBUTES, *own_of(examples))
    counts = {name: value_counts(examples, name) for name in ("model_name", *shown)}
    models = sorted(counts["model_name"].index) or [llm.model]
    codes = sorted({find_language(name).code.partition("-")[0] for name in counts["language"].index})
    sources = Counter(tasks["source"])
    all_tasks = tasks_of(tasks)
    known = all_tasks.by_id
    files = parts(rows_of_parts(by_task, split_codes(splits)))
    of_sets = {task_id for task_id, own in by_task.items() if has_label_sets(own, known.get(task_id))}
    asking = (*ROW_PROMPT_NAMES, SEVERAL_LABELS_PROMPT) if has_multi_label(tasks) else ROW_PROMPT_NAMES
    facts = {
        "rows": len(examples),
        "splits": {name: int(split_report[f"export/rows_{name}"]) for name in (*SPLITS, "left_out")},
        "language_codes": codes or ["en"],
        "models": models,
        "banner": writer_note(models),
        "version": version("synthetic-textcat"),
        "prompts": {name: prompt_sha256(prompt) for name, prompt in zip(asking, prompts, strict=False)},
        "prompt_versions": prompt_versions,
        "tasks": {
            "file": sources["file"],
            "brainstorm": sources["brainstorm"],
            "closed": len(all_tasks.with_labels(more_than=0)),
        },
        "values": [
            _ValueRows(
                name, str(value), rows, int(counts[name].get(value, 0)), int(wanted.sum()), int(counts[name].sum())
            )
            for name in shown
            for wanted in [wanted_rows(name, requests, quota_slots)]
            for value, rows in wanted.items()
        ],
        "has_quota": len(quota_slots) > 0,
        "overlaps": int(sum(rows for name, rows in split_report.items() if name.startswith("export/overlaps_"))),
        "instruction": export.instruction,
        "license": export.license,
        "seed": seed,
        "settings": _settings(sampling),
        "ledger": ledger,
        "labels": label_facts,
        "has_agreement": LABEL_AGREEMENT in examples,
        "has_labels": LABELS in examples,
        "multi_label_tasks": len(of_sets),
        "rows_of_no_label": int(split_report.get("export/rows_of_no_label", 0)),
    }
    return render_markdown(
        __package__,
        "dataset_card.md.jinja",
        {"quoted": _quoted, "percent": _percent},
        facts=facts,
        size=_size_category(len(examples)),
        configs=_configs(files),
        own_configs=_own_configs(files, by_task, known, of_sets),
        tag=TAG,
        figures=list(figure_rows(metrics, THIS_CONFIGURATION, DATASET)),
        metrics=_shown(metrics),
    )


def _configs(files: Iterable[Part]) -> dict[str, list[Part]]:
    """Files of each config, for the hub."""
    configs: dict[str, list[Part]] = {}
    for part in files:
        configs.setdefault(part.config, []).append(part)
    return configs


def _own_configs(
    files: Iterable[Part], by_task: RowGroups, known: Mapping[str, Task], of_sets: Collection[str]
) -> dict[str, dict[str, Any]]:
    """Task, label set, form and number of rows of each config of a single task."""
    sentences = dict(zip(by_task.values, by_task.first("task"), strict=True))
    return {
        config: {
            "task": sentences[task_id],
            "labels": known[task_id].label_names if task_id in known else (),
            "of_sets": task_id in of_sets,
            "rows": sum(part.rows for part in own),
        }
        for config, own in _configs(files).items()
        if (task_id := own[0].task_id) is not None
    }


@cache
def _quoted(value: str) -> str:
    """A text in YAML's double quotes, in one line."""
    text: str = yaml.safe_dump(value, default_style='"', allow_unicode=True, width=math.inf)
    return text.strip()


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _size_category(rows: int) -> str:
    return next((name for limit, name in _SIZES if rows < limit), _LARGEST)


def _shown(metrics: Mapping[str, float | None]) -> Iterable[tuple[str, str]]:
    """Known metrics without those of other tables and of single tasks, of which there may be thousands."""
    known = ((name, value) for name, value in metrics.items() if value is not None)
    others = ((name, value) for name, value in known if not name.startswith(_SHOWN_ELSEWHERE) and "/task/" not in name)
    return [(name, f"{value:.4g}" if value % 1 else f"{value:.0f}") for name, value in others]


def _settings(sampling: AttributeSamplingParameters) -> dict[str, Any]:
    """Parameters of the plan that its rows do not show; those of a quota only if there is one."""
    of_quota = ["target_accepted", "per", "max_rounds"] if sampling.target_accepted is not None else []
    values = sampling.model_dump(mode="json")
    return {name: _in_yaml(values[name]) for name in (*of_quota, "balance", "num_seed_examples")}


def _in_yaml(value: Any) -> str:
    """A parameter's value in one line of YAML, as it stands in the parameters file."""
    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=math.inf)
    return text.removesuffix("...\n").strip()


def gather_label_facts(
    examples: RowTable,
    ledger: Mapping[str, Any],
    label_verdicts: pd.DataFrame | None,
    label_accuracy: Mapping[str, float | None] | None,
    design: pd.DataFrame | None,
) -> dict[str, Any]:
    """Evidence for the labels of these rows: verdicts of a judge, and labels by hand.

    Args:
        examples: As exported.
        ledger: Where each planned row ended.
        label_verdicts: Columns `LABEL_VERDICTS`; None = nothing is judged.
        label_accuracy: Label accuracy by hand, of whichever rows it was measured on last; None if it never was.
        design: Columns `LABEL_SAMPLE_DESIGN`: the rows that were labelled for it.

    Returns:
        `judged`: None if no row has a verdict, else rows (with a verdict), share (of all), agreement, low, high (its
        95 % interval), judges (names), note (that templates judged, if they did), is_writer (a judge wrote rows that it
        judged), and rejected (rows that are not here for a verdict). `by_hand`: None unless it was measured on these
        rows, else accuracy, low, high, rows.
    """
    return {
        "judged": _judged(examples, ledger, label_verdicts),
        "by_hand": _by_hand(examples, ledger, label_accuracy, design),
    }


def _judged(examples: RowTable, ledger: Mapping[str, Any], verdicts: pd.DataFrame | None) -> dict[str, Any] | None:
    if verdicts is None or verdicts.empty:
        return None
    columns = verdicts[["request_id", "agrees", "model_name"]]
    parts = (
        rows.merge(columns, on="request_id", suffixes=("_writer", "_judge")).drop(columns="request_id")
        for rows in examples.frames(["request_id", "model_name"])
    )
    rows = pd.concat([verdicts.iloc[:0][[]], *parts], ignore_index=True)
    if rows.empty:
        return None
    agreement = float(rows["agrees"].mean())
    low, high = wilson_interval(agreement, len(rows))
    pairs = rows[["model_name_judge", "model_name_writer"]].dropna().drop_duplicates()
    return {
        "rows": len(rows),
        "share": len(rows) / len(examples),
        "agreement": agreement,
        "low": low,
        "high": high,
        "judges": sorted(rows["model_name_judge"].dropna().unique()),
        "note": judge_note(rows["model_name_judge"].dropna()),
        "is_writer": any(is_same_model(judge, writer) for judge, writer in pairs.itertuples(index=False)),
        "rejected": sum(ledger["rejected"].get(reason, 0) for reason in LABEL_REASONS),
    }


def _by_hand(
    examples: RowTable,
    ledger: Mapping[str, Any],
    accuracy: Mapping[str, float | None] | None,
    design: pd.DataFrame | None,
) -> dict[str, Any] | None:
    if accuracy is None or design is None or not _is_of(examples, ledger, accuracy, design):
        return None
    share, low, high, rows = (accuracy.get(name) for name in _ACCURACY)
    return None if share is None else {"accuracy": share, "low": low, "high": high, "rows": rows}


def _is_of(
    examples: RowTable, ledger: Mapping[str, Any], accuracy: Mapping[str, float | None], design: pd.DataFrame
) -> bool:
    """Whether it was measured on these rows: as many were accepted, and each that was drawn still has its text."""
    texts = examples.where("request_id", design["request_id"].tolist(), ["request_id", "input_text"])
    drawn = design[["request_id", "text_sha256"]].merge(texts, on="request_id")
    is_same = drawn["input_text"].map(text_sha256) == drawn["text_sha256"]
    return accuracy.get("label/rows") == ledger["accepted"] and len(drawn) > 0 and bool(is_same.all())
