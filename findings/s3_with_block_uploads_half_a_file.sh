#!/bin/sh
# Expected: when the writer fails inside `with fs.open("s3://...", "wb")`, nothing is uploaded, and the object of before stays.
# Seen: leaving the block closes the file, and closing it uploads what was written so far. The good object is replaced by half
# of a new one, without any error but the writer's own. kedro-datasets' JSONDataset inherits this: one value that JSON can't
# take destroys the file of before.
# What we do: serialise to a local file, and upload it with put_file once it is complete (datasets/replacing.py).
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

import fsspec
from kedro.io import DatasetError
from kedro_datasets.json import JSONDataset
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server.start()
address = "http://%s:%s" % server.get_host_and_port()
credentials = {"key": "key", "secret": "secret", "client_kwargs": {"endpoint_url": address}}
fs = fsspec.filesystem("s3", **credentials)
fs.mkdir("bucket")

fs.pipe_file("bucket/rows.txt", b"row 1\nrow 2\nrow 3\n")
try:
    with fs.open("bucket/rows.txt", "wb") as file:
        file.write(b"row 1\nro")
        raise ValueError("the writer fails")
except ValueError:
    pass
text = fs.cat_file("bucket/rows.txt")

dataset = JSONDataset(filepath="s3://bucket/values.json", credentials=credentials)
dataset.save({"good": 1, "better": 2})
try:
    dataset.save({"good": 1, "better": object()})
except DatasetError as error:
    print("JSONDataset.save:", str(error).splitlines()[-1])
values = fs.cat_file("bucket/values.json")

for name in ("fsspec", "s3fs", "kedro", "kedro-datasets"):
    print(name, version(name))
print("after a failed writer, bucket/rows.txt holds  ", text)
print("after a failed save, bucket/values.json holds ", values)
server.stop()
assert text == b"row 1\nro", "fsspec no longer uploads what a failed writer left"
assert values.startswith(b"{") and not values.rstrip().endswith(b"}"), "kedro-datasets no longer replaces the object of before"
PYTHON
