"""How much texts differ from one another, at equal number and length; used by more than one pipeline."""
