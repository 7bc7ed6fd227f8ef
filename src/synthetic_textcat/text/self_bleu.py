"""How well one text of a sample could pass for a translation of the others."""

from synthetic_textcat.text.diversity_sample import Sample

_ROWS = 200
_REFERENCES = 50


def self_bleu(sample: Sample) -> float | None:
    """The mean BLEU of the first 200 texts, each against the 50 after it (round the end); 0 to 1, lower is better.

    Zhu et al. (arXiv 1802.01886), here on words without punctuation, up to 4-grams, with sacrebleu's exponential
    smoothing. None of fewer than two texts.
    """
    if len(sample.rows) < 2:
        return None
    from sacrebleu.metrics.bleu import BLEU  # only where rows are measured

    bleu = BLEU(tokenize="none", effective_order=True)
    texts = [" ".join(words) for words in sample.head(_ROWS).words]
    ring = texts + texts
    count = min(_REFERENCES, len(texts) - 1)
    scores = [bleu.sentence_score(text, ring[at + 1 : at + 1 + count]).score for at, text in enumerate(texts)]
    return float(sum(scores) / len(scores) / 100)
