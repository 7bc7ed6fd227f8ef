#!/bin/sh
# Expected: saving a dataset without versions to a bucket that does not exist says that the bucket does not exist.
# Seen: Kedro says that a *versioned* dataset can't be saved because "a file with the same name already exists". s3fs tells
# of the bucket by FileNotFoundError, which Kedro's base class of all file datasets takes for that one mistake.
# What we do: errors of a file system are told in one line before they reach Kedro's wrapper, and the bucket is written to
# before a run begins (datasets/fsspec_place.py, hooks/storage_gate.py).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    s3fs==2026.9.0 fsspec==2026.9.0 "moto[s3]==5.2.5" flask==3.1.3 flask-cors==6.0.5 kedro==1.7.0 kedro-datasets==9.6.0
cd "$folder"
AWS_EC2_METADATA_DISABLED=true NO_PROXY=127.0.0.1 DO_NOT_TRACK=1 "$folder/venv/bin/python" - <<'PYTHON'
import logging
from importlib.metadata import version

from kedro.io import DatasetError
from kedro_datasets.json import JSONDataset
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server.start()
address = "http://%s:%s" % server.get_host_and_port()
credentials = {"key": "key", "secret": "secret", "client_kwargs": {"endpoint_url": address}}
dataset = JSONDataset(filepath="s3://no-such-bucket/values.json", credentials=credentials)
try:
    dataset.save({"good": 1})
    said = ""
except DatasetError as error:
    said = str(error)
server.stop()
for name in ("s3fs", "kedro", "kedro-datasets"):
    print(name, version(name))
print("Kedro says:", said)
assert "versioned dataset" in said and "a file with the same name already exists" in said, "Kedro's words have changed"
assert "bucket does not exist" not in said, "Kedro passes the server's words on now"
PYTHON
