#!/bin/sh
# Dask's client names the address of a dashboard that its scheduler was told not to serve.
#
# Expected: with `dask scheduler --no-dashboard`, `Client.dashboard_link` is None or an error: there is no dashboard to link to.
# Seen: it is an address, "http://127.0.0.1:PORT/status", since the scheduler has an HTTP server for its metrics in any case and
# registers that as the service "dashboard". The page answers with 404. A program that prints the link for its user has to find
# out by itself whether anything is there, by a request or by asking the scheduler for its applications.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "distributed==2026.8.0" "dask==2026.8.0" "bokeh==3.8.0"
cat > "$folder/finding.py" <<'PYTHON'
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.metadata import version
from pathlib import Path

from distributed import Client


def status_of(link):
    """HTTP status of a page on loopback, which no proxy may answer for."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(link, timeout=10) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def link_and_status(*options):
    """What a client of a scheduler with these options names, and what is there."""
    place = Path(sys.argv[1]) / "scheduler.json"
    place.unlink(missing_ok=True)
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    command += ["--scheduler-file", str(place), *options]
    scheduler = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not (place.exists() and place.read_text().rstrip().endswith("}")):
            time.sleep(0.1)
        with Client(scheduler_file=str(place)) as client:
            link = client.dashboard_link
            return link, status_of(link)
    finally:
        scheduler.kill()
        scheduler.wait()


if __name__ == "__main__":
    print("distributed", version("distributed"), "bokeh", version("bokeh"), "Python", sys.version.split()[0])
    found = {}
    for options in ("--dashboard", "--no-dashboard"):
        found[options] = link_and_status(options, "--dashboard-address", "127.0.0.1:0")
        print(options, *found[options])
    sys.exit([status for _, status in found.values()] != [200, 404])
PYTHON
"$folder/venv/bin/python" "$folder/finding.py" "$folder"
