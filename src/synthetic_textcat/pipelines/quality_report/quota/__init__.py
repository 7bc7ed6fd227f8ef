"""How far a quota is: which good rows are more than was asked for, and which cells are short of rows, and why."""
