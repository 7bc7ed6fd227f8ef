"""Names of files of weights: `@languages.csv` stands for a mapping of values to weights (`datasets.weights_file`)."""

MARK = "@"
SUFFIXES = (".csv", ".parquet")

STANDS_ALONE = "a file of weights stands alone, in attribute_sampling or in a tasks file that TasksFileDataset reads"
"""Next step for a name that was not taken for a file."""


def names_weights_file(value: str) -> bool:
    """Whether a value of an own attribute, which may begin with the mark, is the name of a file."""
    return value.strip().startswith(MARK) and value.strip().casefold().endswith(SUFFIXES)
