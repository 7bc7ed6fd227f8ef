"""The views of the examples that trainers read."""

import pandas as pd


def triplets(examples: pd.DataFrame) -> pd.DataFrame:
    """Columns `anchor`, `positive`, `negative`, and no other: sentence-transformers takes any other for a negative.

    The instruction stands before the text only, as in the method: `Instruct: {task}` and, on the next line, `Query: `.
    """
    return pd.DataFrame(
        {
            "anchor": "Instruct: " + examples["task"] + "\nQuery: " + examples["input_text"],
            "positive": examples["label"],
            "negative": examples["misleading_label"],
        }
    )
