"""Simple learners without weights, which tell what labels can be learnt from texts; used by more than one pipeline."""
