"""Evaluation: models trained on the exported rows, tested on held-out and real rows."""
