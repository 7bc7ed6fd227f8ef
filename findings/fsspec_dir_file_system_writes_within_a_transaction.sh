#!/bin/sh
# fsspec's file system for a folder of another one writes at once within a transaction, and keeps what was written when it
# fails.
#
# Expected: `with fs.transaction` puts off all files to its end, and drops them at an error: the file system of a folder
# ("dir") hands its calls on to the one below, which does so.
# Seen: a file is there while the transaction still runs, and after it has failed. The local file system below, used directly,
# shows nothing until the end. Nothing says that a transaction is without effect, so readers of a bound folder see half of a
# set of files. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "fsspec==2026.9.0"
cat > "$folder/finding.py" <<'PYTHON'
import os
import tempfile
from importlib.metadata import version

import fsspec


def trial(file_system, folder, prefix):
    try:
        with file_system.transaction:
            with file_system.open(f"{prefix}labels.json", "w") as file:
                file.write("[]")
            within = os.listdir(folder)
            raise KeyError("the second file fails")
    except KeyError:
        return within, os.listdir(folder)


print("fsspec", version("fsspec"))
seen = {}
for name in ("file", "dir"):
    with tempfile.TemporaryDirectory() as folder:
        local = fsspec.filesystem("file")
        bound = fsspec.filesystem("dir", path=folder, fs=local)
        seen[name] = trial(local, folder, f"{folder}/") if name == "file" else trial(bound, folder, "")
    print(f"{name:4} within the transaction {seen[name][0]}, after it has failed {seen[name][1]}")
raise SystemExit(seen != {"file": ([], []), "dir": (["labels.json"], ["labels.json"])})
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
