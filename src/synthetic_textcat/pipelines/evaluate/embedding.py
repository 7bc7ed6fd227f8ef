"""An embedding model, trained on triplets: it learns if labels follow from texts.

Without a model of the user's it is one without any weights (`StaticEmbedding`): what it can do afterwards came from the
triplets. It trains in seconds, on any processor.
"""

import warnings
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from synthetic_textcat.pipelines.evaluate.sentence_models import new_model, own_model, require_extra

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BATCH = 64
_SEED = 0

COLUMNS = ("anchor", "positive", "negative")


class Pace(NamedTuple):
    """How a model is trained.

    Attributes:
        epochs: Times that it sees each triplet.
        learning_rate: At the start; it falls to zero.
    """

    epochs: int
    learning_rate: float


_OF_VECTORS = Pace(3, 0.05)  # tokens that have a vector of their own, and nothing else to learn
_OF_TRANSFORMERS = Pace(1, 2e-5)  # the usual one: a higher rate undoes what the model knows


class Learnt(NamedTuple):
    """Triplets that the model gets right: whose anchor is nearer to the positive than to the negative, by cosine.

    Attributes:
        before: Share among the held-out triplets, before training; 0 to 1. Of a model without weights a matter of luck.
        after: After training.
    """

    before: float
    after: float


def learn(train: pd.DataFrame, held_out: pd.DataFrame, folder: str | None) -> Learnt:
    """Trains on some triplets, with the others of a batch as further negatives, and tries the held-out ones.

    Args:
        train: Columns `COLUMNS`.
        held_out: Likewise.
        folder: Of the user's own model; None = one without weights.

    Raises:
        EvaluationError: If the user's model can't be loaded.
        MissingExtraError: If the libraries are not installed.
    """
    require_extra()
    import torch
    from sentence_transformers.sentence_transformer.evaluation import TripletEvaluator

    torch.manual_seed(_SEED)
    model = own_model(folder) if folder else new_model(text for column in COLUMNS for text in train[column])
    evaluator = TripletEvaluator(*(held_out[column].tolist() for column in COLUMNS))
    before = _accuracy(evaluator(model), len(held_out))
    with TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries, to one another
        _train(model, train, scratch)
    return Learnt(before, _accuracy(evaluator(model), len(held_out)))


def _train(model: "SentenceTransformer", train: pd.DataFrame, folder: str) -> None:
    from datasets import Dataset, disable_progress_bars
    from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from transformers import PrinterCallback

    disable_progress_bars()
    pace = _pace_of(model)
    settings = SentenceTransformerTrainingArguments(
        output_dir=folder,
        num_train_epochs=pace.epochs,
        per_device_train_batch_size=_BATCH,
        learning_rate=pace.learning_rate,
        seed=_SEED,
        use_cpu=True,
        dataloader_pin_memory=False,
        report_to="none",
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
    )
    trainer = SentenceTransformerTrainer(
        model=model,
        args=settings,
        train_dataset=Dataset.from_dict({column: train[column].tolist() for column in COLUMNS}),
        loss=MultipleNegativesRankingLoss(model),
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()


def _pace_of(model: "SentenceTransformer") -> Pace:
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    return _OF_VECTORS if isinstance(model[0], StaticEmbedding) else _OF_TRANSFORMERS


def _accuracy(scores: Any, rows: int) -> float:
    """The share, which comes as a number of 32 bits, to the row."""
    return round(float(scores["cosine_accuracy"]) * rows) / rows
