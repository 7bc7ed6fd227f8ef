"""Outcomes of rows: failure causes, reject reasons, and the defects by which the offline model provokes them."""

TRANSPORT_CAUSES = ("rate_limited", "timeout", "server_error", "connection_error")
"""A call that brought no reply. The engine retries; what still fails is asked again by the next run."""

CONTENT_CAUSES = ("invalid_json", "schema_violation", "truncated", "refused", "content_filtered")
"""A reply (it was paid for) that is no row. Asked again by `generation.retry`, up to `generation.max_attempts`."""

TOO_LONG = "too_long"
"""A request that does not fit the model's context. It is not sent again unchanged in a run; the next run asks again,
since the server may have a larger context by then."""

TOO_LONG_ADVICE = (
    "give the server a larger context (llama.cpp: -c, vLLM: --max-model-len, Ollama: num_ctx), or make the prompt "
    "shorter: fewer labels, shorter descriptions, attribute_sampling.num_seed_examples"
)
"""Next step for requests that are too long."""

NO_REPLY_CAUSES = (*TRANSPORT_CAUSES, TOO_LONG)
"""Causes of calls without a reply: the possible `status` of their journal lines."""

FAILURE_CAUSES = (*CONTENT_CAUSES, *NO_REPLY_CAUSES)

REJECT_REASONS = (
    "empty_field",
    "not_a_text",
    "placeholder",
    "about_the_task",
    "prompt_echo",
    "repetitive",
    "cut_off",
    "length_off",
    "label_not_a_label",
    "label_not_in_set",
    "misleading_label_not_in_set",
    "same_labels",
    "label_not_as_planned",
    "labels_not_as_planned",
    "label_leaked",
    "wrong_language",
    "label_disputed",
    "label_ambiguous",
    "exact_duplicate",
    "near_duplicate",
)
"""In the order in which they are tried: checks of one row, verdicts of the judge, then comparisons of rows."""

GOOD_OUTCOMES = ("accepted", "surplus")
"""Rows that passed every check; surplus ones are more than a quota asked for in their cell."""

RECOVERABLE_DEFECTS = (
    "fenced_json",
    "prose_around",
    "trailing_comma",
    "single_quotes",
    "raw_newlines",
    "wrapped_in_list",
)
"""Broken wrappings that the parser repairs: these rows must end as accepted."""

FAILURE_DEFECTS = FAILURE_CAUSES

REJECT_DEFECTS = (
    "empty_field",
    "not_a_text",
    "placeholder",
    "about_the_task",
    "prompt_echo",
    "repetitive",
    "cut_off",
    "length_off",
    "label_not_a_label",
    "label_not_in_set",
    "misleading_label_not_in_set",
    "same_labels",
    "label_not_as_planned",
    "label_leaked",
    "wrong_language",
    "exact_duplicate",
    "near_duplicate",
)
"""Reject reasons that the offline model can provoke. A list of its own: a new check needs no injector."""

Rates = dict[str, float | dict[str, float]]
"""Defect → share of rows, or the share by what a row is asked for: a label or a language, as the prompt names it."""

WRONG_LABEL = "wrong_label"
"""Defect of a row: the text was written for another label of the task. It passes all checks; a judge can find it."""

WRONG_VERDICT = "wrong_verdict"
"""Defect of a verdict: another label than the text was written for."""

DEFECTS = (*RECOVERABLE_DEFECTS, *FAILURE_DEFECTS, *REJECT_DEFECTS, WRONG_LABEL, WRONG_VERDICT)
"""Those of all rows, in the order in which their rates are laid end to end."""

SEVERAL_LABELS_DEFECTS = ("labels_not_as_planned",)
"""Defects that only rows with several labels can have, a label too many or too few; their rates come last."""

ALL_DEFECTS = (*DEFECTS, *SEVERAL_LABELS_DEFECTS)

OFFLINE_MODEL = "offline-template-v1"
"""The name under which the template writer appears wherever a model is named."""

BANNER = (
    "Written by templates (offline-template-v1), not by a language model: for trying the pipeline, not for training."
)
"""The one sentence that all of them show."""

TEMPLATE_JUDGE = (
    "Judged by templates (offline-template-v1), which find their own words again: for trying the label check; it says "
    "nothing about labels."
)
"""The same where verdicts are shown."""
