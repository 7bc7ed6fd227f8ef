#!/bin/sh
# Expected: fs.makedirs("s3://bucket/run", exist_ok=True) does nothing on S3, which knows no folders, and a bucket that is not there
# is an error, at the latest at the first write.
# Seen: s3fs takes the first part of the path for a folder to be made too. A mistyped bucket is made, and what follows is written
# there without any error: paid answers end in a bucket that nobody looks at, in the region and with the access of a default.
# fsspec's own memory file system, with which such code is usually tested, shows nothing of it.
# What we do: no makedirs but on local disks; objects need no folder (llm/shards/object_folder.py).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    s3fs==2026.9.0 fsspec==2026.9.0 "moto[s3]==5.2.5" flask==3.1.3 flask-cors==6.0.5
cd "$folder"
AWS_EC2_METADATA_DISABLED=true NO_PROXY=127.0.0.1 "$folder/venv/bin/python" - <<'PYTHON'
import logging
from importlib.metadata import version

import fsspec
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server.start()
address = "http://%s:%s" % server.get_host_and_port()
fs = fsspec.filesystem("s3", key="key", secret="secret", client_kwargs={"endpoint_url": address})
fs.mkdir("team-bucket")

try:
    fs.pipe_file("team-buckte/run/part-0", b"paid answers")
    refused = False
except FileNotFoundError as error:
    refused = True
    print("a write without makedirs:", error)
fs.makedirs("team-buckte/run", exist_ok=True)
fs.pipe_file("team-buckte/run/part-0", b"paid answers")
buckets = sorted(fs.ls("", detail=False, refresh=True))

for name in ("fsspec", "s3fs"):
    print(name, version(name))
print("buckets after makedirs with a mistyped name:", buckets)
server.stop()
assert refused, "a bucket that is not there no longer refuses a write"
assert buckets == ["team-bucket", "team-buckte"], "s3fs no longer makes a bucket in makedirs"
PYTHON
