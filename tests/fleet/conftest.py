"""Without the extra `dask`, which `make test` installs, these tests are left out."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("distributed") else ["test_*.py"]
