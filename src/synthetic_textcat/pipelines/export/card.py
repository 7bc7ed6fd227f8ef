"""The dataset card: facts of the run that a reader must know before training on its rows."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

import pandas as pd

from synthetic_textcat.pages import render_markdown
from synthetic_textcat.schemas.attributes import weights_of
from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.schemas.outcomes import BANNER, OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, ExportParameters, LlmParameters
from synthetic_textcat.schemas.publications import SPLITS, TAG, parts
from synthetic_textcat.schemas.rows import ATTRIBUTES, own_of
from synthetic_textcat.schemas.run_records import prompt_sha256
from synthetic_textcat.schemas.tasks import Task, tasks_of

PROMPTS = ("closed_prompt", "open_prompt", "seed_examples_prompt", "retry_prompt")
"""Templates of the prompts that ask for rows."""

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
_LARGEST = "10M<n<100M"
_ACCOUNT = ("rows/", "rejected/", "failed/")
_LONGEST = 120  # characters of a value; a model's name or an attribute's value is much shorter


def write_card(
    examples: pd.DataFrame,
    tasks: pd.DataFrame,
    ledger: dict[str, object],
    metrics: dict[str, float | None],
    split_report: dict[str, float],
    llm: LlmParameters,
    seed: int,
    sampling: AttributeSamplingParameters,
    export: ExportParameters,
    prompt_versions: dict[str, int],
    *prompts: Any,
) -> str:
    """The dataset folder's README.md: Markdown, with the YAML head that the hub reads.

    No text that a model wrote goes in: no row, no label, no task. Names that a server or a user gives are shown as
    code, without the characters that would end it.

    Args:
        examples: As exported.
        tasks: The table.
        ledger: Where each planned row ended.
        metrics: Of the quality report.
        split_report: Rows by split, and those that the evaluation set has.
        llm: Names the model where there is no example.
        seed: Of the plan.
        sampling: What was drawn for the rows.
        export: How they are exported.
        prompt_versions: Of the templates that MLflow has registered, by name.
        prompts: Templates, in the order of `PROMPTS`.
    """
    models = sorted(set(examples["model_name"].dropna())) or [llm.model]
    codes = sorted({find_language(name).code.partition("-")[0] for name in examples["language"].unique()})
    sources = Counter(tasks["source"])
    splits = {name: int(split_report[f"export/rows_{name}"]) for name in (*SPLITS, "left_out")}
    facts = {
        "rows": len(examples),
        "splits": splits,
        "language_codes": codes or ["en"],
        "models": models,
        "banner": BANNER if OFFLINE_MODEL in models else None,
        "version": version("synthetic-textcat"),
        "prompts": {name: prompt_sha256(prompt) for name, prompt in zip(PROMPTS, prompts, strict=True)},
        "prompt_versions": prompt_versions,
        "tasks": {
            "file": sources["file"],
            "brainstorm": sources["brainstorm"],
            "closed": sum(bool(len(labels)) for labels in tasks["labels"]),
        },
        "shares": {name: _counts(examples[name]) for name in (*ATTRIBUTES, *own_of(examples))},
        "overlaps": int(sum(rows for name, rows in split_report.items() if name.startswith("export/overlaps_"))),
        "instruction": export.instruction,
        "license": export.license,
        "seed": seed,
        "sampling": _planned(sampling, tasks_of(tasks)),
        "ledger": ledger,
    }
    return render_markdown(
        __package__,
        "dataset_card.md.jinja",
        {"code": as_code},
        facts=facts,
        size=_size_category(len(examples)),
        configs=_configs(splits),
        tag=TAG,
        metrics=_shown(metrics),
    )


def _planned(sampling: AttributeSamplingParameters, tasks: Iterable[Task]) -> dict[str, object]:
    """What was asked for: the quota or the number of rows, and the choice of each attribute, with that of the tasks."""
    listed, planned = list(tasks), sampling.model_dump(mode="json")
    unused = ("target_accepted", "per", "max_rounds") if sampling.target_accepted is None else ("num_examples",)
    for name in unused:
        del planned[name]
    for name in ATTRIBUTES:
        chosen = [getattr(task, name) for task in listed if getattr(task, name) is not None]
        if chosen:
            choices = [*chosen, *([planned[name]] if len(chosen) < len(listed) else [])]
            values = sorted({value for choice in choices for value in weights_of(name, choice)})
            planned[name] = f"by task: {', '.join(values)}"
    return planned


def _configs(splits: dict[str, int]) -> dict[str, list[tuple[str, str]]]:
    """The hub's config of each view -> split and path of its files."""
    configs: dict[str, list[tuple[str, str]]] = {}
    for part in parts(splits):
        configs.setdefault(part.config, []).append((part.split, part.path))
    return configs


def as_code(value: object) -> str:
    """A value as inline code, in one line: nothing in it is Markdown, or ends a cell of a table."""
    line = re.sub(r"[^\S ]|[\x00-\x1f\x7f\u2028\u2029`|]", " ", str(value))
    return f"`{line[:_LONGEST].strip() or ' '}`"


def _size_category(rows: int) -> str:
    return next((name for limit, name in _SIZES if rows < limit), _LARGEST)


def _shown(metrics: Mapping[str, float | None]) -> Iterable[tuple[str, str]]:
    """The metrics that are known, less what the account says, and less those of single tasks, maybe thousands."""
    known = ((name, value) for name, value in metrics.items() if value is not None)
    others = ((name, value) for name, value in known if not name.startswith(_ACCOUNT) and "/task/" not in name)
    return [(name, f"{value:.4g}" if value % 1 else f"{value:.0f}") for name, value in others]


def _counts(values: pd.Series) -> dict[str, int]:
    return {str(value): int(rows) for value, rows in values.value_counts().items()}
