"""Embedding models of the extra `train`: a new model or the user's own, trained on triplets; never a download.

Without a model of the user's it is one without any weights (`StaticEmbedding`): what it can do afterwards came from the
triplets. It trains in seconds, on any processor.
"""

import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from synthetic_textcat.errors import EvaluationError, MissingExtraError
from synthetic_textcat.text.unicode import single_line

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BATCH = 64
_SEED = 0

COLUMNS = ("anchor", "positive", "negative")
_VOCABULARY = 4000
_DIMENSIONS = 128
_UNKNOWN = "[UNK]"
_DEVICE = "cpu"  # the same numbers wherever it runs
_LONGEST_REASON = 200


class TrainingRate(NamedTuple):
    """How a model is trained.

    Attributes:
        epochs: Times that it sees each triplet.
        learning_rate: At the start; it falls to zero.
    """

    epochs: int
    learning_rate: float


_OF_VECTORS = TrainingRate(3, 0.05)  # tokens that have a vector of their own, and nothing else to learn
_OF_TRANSFORMERS = TrainingRate(1, 2e-5)  # the usual one: a higher rate undoes what the model knows


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
    rate = _rate_of(model)
    settings = SentenceTransformerTrainingArguments(
        output_dir=folder,
        num_train_epochs=rate.epochs,
        per_device_train_batch_size=_BATCH,
        learning_rate=rate.learning_rate,
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


def _rate_of(model: "SentenceTransformer") -> TrainingRate:
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    return _OF_VECTORS if isinstance(model[0], StaticEmbedding) else _OF_TRANSFORMERS


def _accuracy(scores: Any, rows: int) -> float:
    """The share, which comes as a number of 32 bits, to the row."""
    return round(float(scores["cosine_accuracy"]) * rows) / rows


def require_extra() -> None:
    """Imports the libraries, offline.

    Raises:
        MissingExtraError: If one is not installed.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # read when they are imported; nothing is to be looked up
    try:
        import accelerate  # noqa: F401
        import datasets  # noqa: F401
        import sentence_transformers  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            f"Training needs the extra `train`, of which {error.name} is not installed. Next: run "
            "`pip install -e .[train]` in the environment of the project (some GB), then the same command"
        ) from None


def new_model(texts: Iterable[str]) -> "SentenceTransformer":
    """A model with a random vector for each frequent word of the texts, and for each character that others consist of.

    A text is the mean of its vectors.
    """
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    normalizer, words = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    counts = Counter(word for text in texts for word, _ in words.pre_tokenize_str(normalizer.normalize_str(text)))
    tokens = Tokenizer(models.WordPiece(_vocabulary(counts), unk_token=_UNKNOWN))
    tokens.normalizer, tokens.pre_tokenizer = normalizer, words
    return SentenceTransformer(modules=[StaticEmbedding(tokens, embedding_dim=_DIMENSIONS)], device=_DEVICE)


def _vocabulary(counts: Counter[str]) -> dict[str, int]:
    """Numbers of the tokens; not learnt by the library, which breaks ties by chance."""
    letters = sorted({letter for word in counts for letter in word})
    frequent = sorted(counts, key=lambda word: (-counts[word], word))
    tokens = dict.fromkeys([_UNKNOWN, *letters, *(f"##{letter}" for letter in letters), *frequent])
    return {token: number for number, token in enumerate(list(tokens)[:_VOCABULARY])}


def own_model(folder: str) -> "SentenceTransformer":
    """The user's model, from a folder that sentence-transformers saved; no code in it is run.

    Raises:
        EvaluationError: If there is no such folder, or no model in it.
        MissingExtraError: If the libraries are not installed.
    """
    named = f"evaluate.embedding_model={folder}"
    if not Path(folder).expanduser().is_dir():
        raise EvaluationError(
            f"{named} is no folder. Next: name the folder of a model that sentence-transformers saved; it is read from "
            "this machine, never downloaded"
        )
    require_extra()
    from sentence_transformers import SentenceTransformer

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the libraries, to one another
            return SentenceTransformer(str(Path(folder).expanduser()), device=_DEVICE, local_files_only=True)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ImportError, RuntimeError) as error:
        reason = single_line(error, _LONGEST_REASON)
        raise EvaluationError(
            f"{named} holds no model that sentence-transformers can load: {reason}. Next: name a folder that its "
            "`save_pretrained` wrote"
        ) from error


def embedder(model: "SentenceTransformer") -> Callable[[Sequence[str]], Any]:
    """A function from texts to their embeddings, of length 1."""
    return lambda texts: model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
