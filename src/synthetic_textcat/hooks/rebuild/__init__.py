"""A run from what MLflow keeps of an earlier one: `--params from_run=<id or name>`."""

from synthetic_textcat.hooks.rebuild.hook import Rebuild

__all__ = ["Rebuild"]
