"""What decides about a row: checks of single rows, comparisons of rows, and the one verdict that comes of them."""
