"""The five stages. They never import one another: they meet through names of the catalog."""
