"""The faults that the offline model can inject; each bears the name of the outcome in which its row must end."""

from synthetic_textcat.schemas.outcomes import FAILURE_CAUSES, REJECT_REASONS

RECOVERABLE_DEFECTS = (
    "fenced_json",
    "prose_around",
    "trailing_comma",
    "single_quotes",
    "raw_newlines",
    "wrapped_in_list",
)
"""Broken wrappings that the parser mends: these rows must end as accepted."""

FAILURE_DEFECTS = FAILURE_CAUSES
REJECT_DEFECTS = REJECT_REASONS
Rates = dict[str, float | dict[str, float]]
"""Defect → share of rows, or the share by what a row is asked for: a label or a language, as the prompt names it."""

DEFECTS = (*RECOVERABLE_DEFECTS, *FAILURE_DEFECTS, *REJECT_DEFECTS)
"""All of them, in the order in which their rates are laid end to end."""
