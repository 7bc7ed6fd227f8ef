"""One MLflow run for each `kedro run`, driven by what the catalog says under `metadata: {mlflow: ...}`."""

from synthetic_textcat.hooks.tracking.hook import MlflowTracking

__all__ = ["MlflowTracking"]
