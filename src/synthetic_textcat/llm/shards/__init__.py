"""Shards: parts of the plan by hash range, each asked for by one worker with a journal file of its own."""
