"""Wire formats of vendors: one module each, with the replies and errors of `cases` in that vendor's form."""
