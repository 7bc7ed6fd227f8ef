"""What a run tells the dataset card."""

from collections import Counter
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import pandas as pd

from synthetic_textcat.pipelines.export.card import CardFacts
from synthetic_textcat.schemas.dataset_folder import SPLITS
from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.schemas.offline_banner import BANNER, OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, ExportParameters, LlmParameters
from synthetic_textcat.schemas.prompts import prompt_sha256
from synthetic_textcat.schemas.rows import ATTRIBUTES, own_of


def facts_of(
    examples: pd.DataFrame,
    tasks: pd.DataFrame,
    ledger: dict[str, object],
    metrics: dict[str, float | None],
    split_report: dict[str, float],
    llm: LlmParameters,
    seed: int,
    sampling: AttributeSamplingParameters,
    export: ExportParameters,
    prompts: Mapping[str, Any],
    prompt_versions: Mapping[str, int],
) -> CardFacts:
    """What the card says of these examples.

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
        prompts: Templates by name.
        prompt_versions: Of those that MLflow has registered, by name.
    """
    models = sorted(set(examples["model_name"].dropna())) or [llm.model]
    codes = sorted({find_language(name).code.partition("-")[0] for name in examples["language"].unique()})
    sources = Counter(tasks["source"])
    return CardFacts(
        rows=len(examples),
        splits={name: int(split_report[f"export/rows_{name}"]) for name in (*SPLITS, "left_out")},
        language_codes=codes or ["en"],
        models=models,
        banner=BANNER if OFFLINE_MODEL in models else None,
        version=version("synthetic-textcat"),
        prompts={name: prompt_sha256(prompt) for name, prompt in prompts.items()},
        prompt_versions=prompt_versions,
        tasks={
            "file": sources["file"],
            "brainstorm": sources["brainstorm"],
            "closed": sum(bool(len(labels)) for labels in tasks["labels"]),
        },
        shares={name: _counts(examples[name]) for name in (*ATTRIBUTES, *own_of(examples))},
        overlaps=int(sum(rows for name, rows in split_report.items() if name.startswith("export/overlaps_"))),
        instruction=export.instruction,
        license=export.license,
        seed=seed,
        sampling=sampling.model_dump(mode="json"),
        ledger=ledger,
        metrics=metrics,
    )


def _counts(values: pd.Series) -> dict[str, int]:
    return {str(value): int(rows) for value, rows in values.value_counts().items()}
