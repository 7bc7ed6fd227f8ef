"""Fleet: generation over the workers of a Dask cluster; the only package that imports Dask."""
