"""Kedro pipelines, a package for each stage. Stages never import one another: they share datasets of the catalog."""
