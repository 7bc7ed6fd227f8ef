#!/bin/sh
# icu4py's `segments()` gives offsets in UTF-16, which are others than those of a Python text after an emoji.
#
# Expected: `WordBreaker(text).segments()` "iterates over (start, end) segment positions", so text[start:end] is a segment.
# Seen: after a character beyond U+FFFF each offset is one higher than Python's, so slices are shifted and the last ones
# empty. Iterating over the breaker itself gives the right texts. Only texts with emoji or rare letters show it.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "icu4py==1.2.0"
cat > "$folder/finding.py" <<'PYTHON'
from importlib.metadata import version

from icu4py.breakers import WordBreaker

TEXT = "😀 two words"
sliced = [TEXT[start:end] for start, end in WordBreaker(TEXT, "en").segments()]
iterated = list(WordBreaker(TEXT, "en"))
print("icu4py", version("icu4py"))
print("by segments():", sliced)
print("by iterating: ", iterated)
as_found = iterated == ["😀", " ", "two", " ", "words"] and sliced == ["😀 ", "t", "wo ", "w", "ords"]
print("as found" if as_found else "NOT as found")
raise SystemExit(0 if as_found else 1)
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
