"""Embedding models of the extra `train`: a new model or the user's own, trained on triplets; never a download.

The default model is an untrained `StaticEmbedding`: all that it knows afterwards comes from the triplets. It trains in
seconds, on any processor.
"""

import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from synthetic_textcat.errors import EvaluationError, MissingExtraError
from synthetic_textcat.tables import RowTable
from synthetic_textcat.temporary_files import TemporaryFolder
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
    """Training schedule of a model.

    Attributes:
        epochs: Passes over the triplets.
        learning_rate: Initial rate; it decays to zero.
    """

    epochs: int
    learning_rate: float


_OF_VECTORS = TrainingRate(3, 0.05)  # one vector per token is all there is to learn
_OF_TRANSFORMERS = TrainingRate(1, 2e-5)  # the usual rate: a higher one overwrites what the model knows


class TripletAccuracy(NamedTuple):
    """Triplet accuracy: share of triplets whose anchor is nearer to the positive than to the negative, by cosine.

    Attributes:
        before: On the held-out triplets before training, 0 to 1; random for an untrained model.
        after: After training.
    """

    before: float
    after: float


def learn(train: RowTable, held_out: RowTable, folder: str | None) -> TripletAccuracy:
    """Trains on triplets with in-batch negatives, and measures the accuracy on held-out triplets.

    Args:
        train: Columns `COLUMNS`.
        held_out: Columns `COLUMNS`.
        folder: Folder of the user's own model; None = an untrained model.

    Raises:
        EvaluationError: If the user's model can't be loaded.
        MissingExtraError: If the libraries are not installed.
    """
    require_extra()
    import torch
    from sentence_transformers.sentence_transformer.evaluation import TripletEvaluator

    torch.manual_seed(_SEED)
    model = own_model(folder) if folder else new_model(_texts(train))
    evaluator = TripletEvaluator(*(held_out[column].tolist() for column in COLUMNS))
    before = _accuracy(evaluator(model), len(held_out))
    with TemporaryFolder() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the libraries warn about one another
        _train(model, train, str(scratch.path))
    return TripletAccuracy(before, _accuracy(evaluator(model), len(held_out)))


def _texts(triplets: RowTable) -> Iterator[str]:
    """All texts of the triplets, in any order."""
    for frame in triplets.frames(COLUMNS):
        for column in COLUMNS:
            yield from frame[column].tolist()


def _train(model: "SentenceTransformer", train: RowTable, folder: str) -> None:
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
    """Accuracy as an exact share of the rows, since the library returns a 32-bit float."""
    return round(float(scores["cosine_accuracy"]) * rows) / rows


def require_extra() -> None:
    """Imports the libraries in offline mode.

    Raises:
        MissingExtraError: If one is not installed.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # read at import; no look-up on the hub
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
    """Untrained static embedding model: a random vector for each frequent word and each character of the texts.

    The embedding of a text is the mean of its vectors.
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
    """Token ids by frequency; the library's own trainer breaks ties at random."""
    letters = sorted({letter for word in counts for letter in word})
    frequent = sorted(counts, key=lambda word: (-counts[word], word))
    tokens = dict.fromkeys([_UNKNOWN, *letters, *(f"##{letter}" for letter in letters), *frequent])
    return {token: number for number, token in enumerate(list(tokens)[:_VOCABULARY])}


def own_model(folder: str) -> "SentenceTransformer":
    """The user's model, loaded from a folder saved by sentence-transformers; no code in it is run.

    Raises:
        EvaluationError: If the folder does not exist, or holds no model.
        MissingExtraError: If the libraries are not installed.
    """
    named = f"evaluate.embedding_model={folder}"
    if not Path(folder).expanduser().is_dir():
        raise EvaluationError(
            f"{named} is not a folder. Next: name the folder of a model saved by sentence-transformers; it is read "
            "from this machine, never downloaded"
        )
    require_extra()
    from sentence_transformers import SentenceTransformer

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the libraries warn about one another
            return SentenceTransformer(str(Path(folder).expanduser()), device=_DEVICE, local_files_only=True)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ImportError, RuntimeError) as error:
        reason = single_line(error, _LONGEST_REASON)
        raise EvaluationError(
            f"{named} holds no model that sentence-transformers can load: {reason}. Next: name a folder written by its "
            "`save_pretrained`"
        ) from error


def embedder(model: "SentenceTransformer") -> Callable[[Sequence[str]], Any]:
    """Function from texts to normalised embeddings."""
    return lambda texts: model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
