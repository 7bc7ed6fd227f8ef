"""Without the extra `dask`, which `make test` installs, these tests are left out.

They import distributed where they use it: each process that collects tests would do so.
"""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("distributed") else ["test_*.py"]
