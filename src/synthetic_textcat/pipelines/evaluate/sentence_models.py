"""Embedding models of the extra `train`: a new one without weights, or the user's own; never a download."""

import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthetic_textcat.errors import EvaluationError, MissingExtraError
from synthetic_textcat.text.visible_text import single_line

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_VOCABULARY = 4000
_DIMENSIONS = 128
_UNKNOWN = "[UNK]"
_DEVICE = "cpu"  # the same numbers wherever it runs
_LONGEST_REASON = 200


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
