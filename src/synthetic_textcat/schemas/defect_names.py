"""The faults that the offline model can inject; each bears the name of the outcome in which its row must end."""

RECOVERABLE_DEFECTS = (
    "fenced_json",
    "prose_around",
    "trailing_comma",
    "single_quotes",
    "raw_newlines",
    "wrapped_in_list",
)
"""Broken wrappings that the parser mends: these rows must end as accepted."""

FAILURE_DEFECTS = (
    "invalid_json",
    "schema_violation",
    "truncated",
    "refused",
    "content_filtered",
    "rate_limited",
    "timeout",
    "server_error",
    "connection_error",
)
"""Named as the failure cause in which the row must end."""

REJECT_DEFECTS = (
    "empty_field",
    "label_not_in_set",
    "misleading_label_not_in_set",
    "same_labels",
    "label_not_as_planned",
    "label_leaked",
    "exact_duplicate",
)
"""Named as the reject reason in which the row must end."""

DEFECTS = (*RECOVERABLE_DEFECTS, *FAILURE_DEFECTS, *REJECT_DEFECTS)
"""All of them, in the order in which their rates are laid end to end."""
