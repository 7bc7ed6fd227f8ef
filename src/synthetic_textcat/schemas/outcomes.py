"""Where a planned row can end: the failure causes and the reject reasons, each with one name."""

TRANSPORT_CAUSES = ("rate_limited", "timeout", "server_error", "connection_error")
"""A call that brought no reply. The engine retries; what still fails is asked again by the next run."""

CONTENT_CAUSES = ("invalid_json", "schema_violation", "truncated", "refused", "content_filtered")
"""A reply (it was paid for) that is no row. Asked again, told what was wrong, up to `generation.max_attempts`."""

FAILURE_CAUSES = (*CONTENT_CAUSES, *TRANSPORT_CAUSES)

REJECT_REASONS = (
    "empty_field",
    "label_not_in_set",
    "misleading_label_not_in_set",
    "same_labels",
    "label_not_as_planned",
    "label_leaked",
    "wrong_language",
    "exact_duplicate",
    "near_duplicate",
)
"""In the order in which they are tried: checks of one row first, then those that compare rows."""

GOOD_OUTCOMES = ("accepted", "surplus")
"""Rows that passed every check; surplus ones are more than a quota asked for in their cell."""
