"""A small embedding model without any weights to download, trained on triplets: it learns if labels follow from texts.

Each token has a vector, and a text is the mean of its tokens' (`StaticEmbedding`); all vectors begin at random, so what
the model can do afterwards came from the triplets. It trains in seconds, on any processor.
"""

import os
import warnings
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from synthetic_textcat.errors import EvaluationError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_VOCABULARY = 4000
_DIMENSIONS = 128
_EPOCHS = 3
_BATCH = 64
_LEARNING_RATE = 0.05
_SEED = 0

COLUMNS = ("anchor", "positive", "negative")


class Learnt(NamedTuple):
    """Triplets that the model gets right: whose anchor is nearer to the positive than to the negative, by cosine.

    Attributes:
        before: Share among the held-out triplets, before training, when it is a matter of luck; 0 to 1.
        after: After training.
    """

    before: float
    after: float


def learn(train: pd.DataFrame, held_out: pd.DataFrame) -> Learnt:
    """Trains on some triplets, with the others of a batch as further negatives, and tries the held-out ones.

    Args:
        train: Columns `COLUMNS`.
        held_out: Likewise.

    Raises:
        EvaluationError: If the libraries are not installed.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # read when they are imported; nothing is to be looked up
    try:
        import torch
        from sentence_transformers.sentence_transformer.evaluation import TripletEvaluator
    except ImportError as error:
        raise EvaluationError(
            f"Training needs the extra `train`, of which {error.name} is not installed. Next: run "
            "`pip install -e .[train]` in the environment of the project (some GB), then the same command"
        ) from None

    torch.manual_seed(_SEED)
    model = _new_model(train)
    evaluator = TripletEvaluator(*(held_out[column].tolist() for column in COLUMNS))
    before = _accuracy(evaluator(model), len(held_out))
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries, to one another
        _train(model, train, folder)
    return Learnt(before, _accuracy(evaluator(model), len(held_out)))


def _new_model(train: pd.DataFrame) -> "SentenceTransformer":
    """A model whose tokens are those of the training texts."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokens = Tokenizer(models.WordPiece(unk_token="[UNK]"))  # noqa: S106  no password
    tokens.normalizer = normalizers.BertNormalizer()
    tokens.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    pieces = trainers.WordPieceTrainer(vocab_size=_VOCABULARY, special_tokens=["[UNK]"], show_progress=False)
    tokens.train_from_iterator((text for column in COLUMNS for text in train[column]), pieces)
    return SentenceTransformer(modules=[StaticEmbedding(tokens, embedding_dim=_DIMENSIONS)], device="cpu")


def _train(model: "SentenceTransformer", train: pd.DataFrame, folder: str) -> None:
    from datasets import Dataset, disable_progress_bars
    from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from transformers import PrinterCallback

    disable_progress_bars()
    settings = SentenceTransformerTrainingArguments(
        output_dir=folder,
        num_train_epochs=_EPOCHS,
        per_device_train_batch_size=_BATCH,
        learning_rate=_LEARNING_RATE,
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


def _accuracy(scores: Any, rows: int) -> float:
    """The share, which comes as a number of 32 bits, to the row."""
    return round(float(scores["cosine_accuracy"]) * rows) / rows
