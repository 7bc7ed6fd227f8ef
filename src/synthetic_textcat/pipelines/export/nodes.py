"""Nodes of `export`."""

import pandas as pd

from synthetic_textcat.pipelines.export.card import CardFacts, render_card
from synthetic_textcat.pipelines.export.formats import triplets
from synthetic_textcat.schemas.languages import find_language
from synthetic_textcat.schemas.offline_banner import BANNER, OFFLINE_MODEL
from synthetic_textcat.schemas.parameters import AttributeSamplingParameters, LlmParameters


def export_triplets(examples: pd.DataFrame) -> pd.DataFrame:
    """Triplets for sentence-transformers."""
    return triplets(examples)


def export_rows(examples: pd.DataFrame) -> pd.DataFrame:
    """The examples as they are, for the dataset folder."""
    return examples


def write_card(
    examples: pd.DataFrame,
    ledger: dict[str, object],
    metrics: dict[str, float | None],
    llm: LlmParameters,
    seed: int,
    sampling: AttributeSamplingParameters,
) -> str:
    """The dataset folder's README.md."""
    models = sorted(set(examples["model_name"].dropna())) or [llm.model]
    codes = sorted({find_language(name).code.partition("-")[0] for name in examples["language"]})
    return render_card(
        CardFacts(
            rows=len(examples),
            language_codes=codes or ["en"],
            models=models,
            banner=BANNER if OFFLINE_MODEL in models else None,
            seed=seed,
            sampling=sampling.model_dump(mode="json"),
            ledger=ledger,
            metrics=metrics,
        )
    )
