"""What the log, the report and the dataset card say of data that no language model wrote."""

OFFLINE_MODEL = "offline-template-v1"
"""The name under which the template writer appears wherever a model is named."""

BANNER = (
    "Written by templates (offline-template-v1), not by a language model: for trying the pipeline, not for training."
)
"""The one sentence that all of them show."""
