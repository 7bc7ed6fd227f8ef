#!/bin/sh
# A Dask future that was done is not done any more once the worker that holds its result has died.
#
# Expected: as with `concurrent.futures`, done() stays True and status "finished"; result() gives the result, or an error if it
# is gone. So a driver that has been called back by add_done_callback can read the future's status.
# Seen: status is "lost", done() is False, no callback tells of it, and result() without a timeout waits until another worker
# has computed it again, which is for ever if there is none. A driver has to look at the status again, and bound result().
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "distributed==2026.8.0" "dask==2026.8.0"
cat > "$folder/finding.py" <<'PYTHON'
import os
import sys
import time
from importlib.metadata import version
from threading import Event

from distributed import Client, LocalCluster


def main():
    print("distributed", version("distributed"))
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
        with Client(cluster, set_as_default=False) as client:
            called = Event()
            future = client.submit(sum, [1, 2])
            future.add_done_callback(lambda _: called.set())
            called.wait(30)
            before = future.status, future.done()
            cluster.scale(0)
            end = time.monotonic() + 20
            while future.done() and time.monotonic() < end:
                time.sleep(0.05)
            after = future.status, future.done()
            try:
                waited = f"{future.result(timeout=3)}"
            except Exception as error:
                waited = type(error).__name__
            print("called back:", called.is_set(), "| before:", before, "| worker gone:", after, "| result(timeout=3):", waited)
            sys.stdout.flush()
            os._exit(0 if before == ("finished", True) and after == ("lost", False) and waited == "TimeoutError" else 1)


if __name__ == "__main__":
    main()
PYTHON
"$folder/venv/bin/python" "$folder/finding.py" 2>/dev/null
