"""Export of the examples to the file formats of training libraries."""
