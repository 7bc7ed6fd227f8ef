"""Language model layer: prompts, concurrent calls, the journal of completions, parsing, and settlement of rows."""
