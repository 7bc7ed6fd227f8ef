#!/bin/sh
# py3langid 0.4.0: each load of the model, which ships inside the package, writes it to the folder for temporary files.
#
# Expected: a pure-Python language identifier whose model is in the wheel reads that file, and writes nothing: it runs in
# a container whose file system is read-only.
# Seen: load_model streams the LZMA file (4.6 MB) into tempfile.TemporaryFile, where it is 68 MB, at every
# load: with no room there, identification fails with an OSError that names no file.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "py3langid==0.4.0"
cat > "$folder/finding.py" <<'PYTHON'
import tempfile
from importlib.metadata import version
from pathlib import Path

opened = []
make = tempfile.TemporaryFile


def watched(*args, **kwargs):
    file = make(*args, **kwargs)
    opened.append(file)
    return file


tempfile.TemporaryFile = watched
sizes = []
import py3langid.modelio as modelio
from py3langid.langid import MODEL_FILE, LanguageIdentifier

copy = modelio.shutil.copyfileobj


def counted(source, target, length=0):
    copy(source, target, length)
    sizes.append(target.tell())


modelio.shutil.copyfileobj = counted
identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
shipped = (Path(modelio.__file__).parent / MODEL_FILE).stat().st_size
print("py3langid", version("py3langid"))
print(f"model in the package: {shipped:,} bytes; temporary files opened: {len(opened)}; written to them: {sizes}")
print("a text is", identifier.classify("This is a plain English sentence about the weather."))
raise SystemExit(0 if len(opened) == 1 and sizes and sizes[0] > 3 * shipped else 1)
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
