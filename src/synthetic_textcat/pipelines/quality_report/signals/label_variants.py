"""Labels of an open task that are another one, written in another way."""

import numpy as np
import pandas as pd

from synthetic_textcat.text.folds import Codes
from synthetic_textcat.text.label_rows import LabelRows

_COLUMNS = ["task", "label", "like", "rows"]


def label_variants(rows: LabelRows, open_tasks: Codes) -> pd.DataFrame:
    """One row a variant: task (its number), label, like (what it is a variant of), rows (of the variant); most first.

    A variant in spelling differs in case, white space or Unicode form alone; it is one of the most frequent spelling.
    A variant in number is a label that is another one with s or es, or with ies for y. That is English: other
    languages' plurals are not found, and a pair such as new and news is.
    """
    both = pd.concat([_in_spelling(rows, open_tasks), _in_number(rows, open_tasks)], ignore_index=True)
    return both.sort_values("rows", ascending=False, kind="stable", ignore_index=True)


def _in_spelling(rows: LabelRows, open_tasks: Codes) -> pd.DataFrame:
    is_open = np.isin(rows.task, open_tasks)
    written = pd.DataFrame({"task": rows.task, "key": rows.label, "spelling": rows.spelling})[is_open]
    counts = written.groupby(["task", "key", "spelling"], as_index=False).size().rename(columns={"size": "rows"})
    several = counts[counts.duplicated(["task", "key"], keep=False)]
    names = np.array(rows.spellings, dtype=object)
    named = several.assign(label=names[several["spelling"]])
    ordered = named.sort_values(["task", "key", "rows", "label"], ascending=[True, True, False, True])
    of_key = ordered.groupby(["task", "key"])
    return ordered.assign(like=of_key["label"].transform("first"))[of_key.cumcount() > 0][_COLUMNS]


def _in_number(rows: LabelRows, open_tasks: Codes) -> pd.DataFrame:
    counts = rows.counts[rows.counts["task"].isin(open_tasks)]
    pairs = _plurals(rows, counts["label"].unique())
    plural = counts.merge(pairs, left_on="label", right_on="plural")
    singulars = rows.pair(plural["task"].to_numpy(), plural["singular"].to_numpy())
    used = rows.pair(counts["task"].to_numpy(), counts["label"].to_numpy())
    own = plural[np.isin(singulars, used)].drop_duplicates(["task", "plural"])
    names = np.array(rows.names, dtype=object)
    return own.assign(label=names[own["plural"]], like=names[own["singular"]])[_COLUMNS]


def _plurals(rows: LabelRows, labels: Codes) -> pd.DataFrame:
    """Pairs of labels that are plural and singular, as numbers."""
    number = {rows.keys[label]: label for label in labels.tolist()}
    pairs = [
        (plural, number[singular])
        for name, plural in number.items()
        if name.endswith("s")
        for singular in _singulars(name)
        if singular in number
    ]
    return pd.DataFrame(pairs, columns=["plural", "singular"], dtype=np.int64)


def _singulars(plural: str) -> list[str]:
    found = [plural[:-1]]
    if plural.endswith("es"):
        found.append(plural[:-2])
    if plural.endswith("ies"):
        found.append(plural[:-3] + "y")
    return found
