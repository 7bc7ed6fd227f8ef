"""Code for scripts of consumers: models with random weights, which keep the texts that they are given."""

RECORDING_MODEL = """
import numpy as np
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from tokenizers import Tokenizer, models, pre_tokenizers

given = []


class Recording(StaticEmbedding):
    def preprocess(self, inputs, prompt=None, **options):
        given.extend(inputs)
        return super().preprocess(inputs, prompt, **options)


def tokenizer():
    letters = {"[UNK]": 0, "[PAD]": 1, **{chr(97 + number): number + 2 for number in range(26)}}
    tokens = Tokenizer(models.WordLevel(letters, unk_token="[UNK]"))
    tokens.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    return tokens


def vectors():
    return np.random.default_rng(0).normal(size=(28, 16)).astype("float32")


def recording_model():
    return SentenceTransformer(modules=[Recording(tokenizer(), embedding_weights=vectors())], device="cpu")
"""
