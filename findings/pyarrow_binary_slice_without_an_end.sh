#!/bin/sh
# pyarrow's binary_slice without an end fails on whole columns of ordinary values; with an end, or for texts, it does not.
#
# Expected: binary_slice(values, 2) leaves out the first two bytes of each value, as utf8_slice_codeunits does of texts, since
# the default end is the value's. (Wanted for the separator before the first of several optional JSON members.)
# Seen: "Negative buffer resize" for most columns. The largest number as the end gives the same error; one of some
# bytes works, and so does the function for texts. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "pyarrow==25.0.1"
cat > "$folder/finding.py" <<'PYTHON'
import sys

import pyarrow as pa
import pyarrow.compute as pc

VALUES = pa.array([b', "a": 1', b', "b": 2'], pa.large_binary())


def seen(cut):
    try:
        return cut().to_pylist()
    except pa.ArrowInvalid as error:
        return str(error)


found = {
    "bytes, no end": seen(lambda: pc.binary_slice(VALUES, 2)),
    "bytes, largest end": seen(lambda: pc.binary_slice(VALUES, 2, sys.maxsize)),
    "bytes, an end": seen(lambda: pc.binary_slice(VALUES, 2, 100)),
    "texts, no end": seen(lambda: pc.utf8_slice_codeunits(VALUES.cast(pa.large_string()), 2)),
}
print("pyarrow", pa.__version__)
for name, value in found.items():
    print(f"{name:20} {value}")
wanted = [b'"a": 1', b'"b": 2']
fails = "Negative buffer resize"
raise SystemExit(
    not (
        fails in found["bytes, no end"]
        and fails in found["bytes, largest end"]
        and found["bytes, an end"] == wanted
        and found["texts, no end"] == [value.decode() for value in wanted]
    )
)
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
