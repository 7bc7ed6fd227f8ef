"""Text processing: scripts, words, normalisation, near duplicates, diversity, and linear models of labels."""
