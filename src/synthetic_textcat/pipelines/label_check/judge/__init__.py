"""The judge: a model that is asked for the label of a row, blind, and what its votes come to."""
