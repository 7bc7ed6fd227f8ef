"""MLflow tracking: one MLflow run for each `kedro run`, configured by `metadata: {mlflow: ...}` in the catalog."""

from synthetic_textcat.hooks.tracking.hook import MlflowTracking

__all__ = ["MlflowTracking"]
