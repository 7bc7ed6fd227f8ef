"""What is measured on the rows: one module a signal, each a function of the `Corpus`, named in `registry`."""
