"""Rules about text: scripts, words, normalisation, near duplicates, diversity, and simple models of labels."""
