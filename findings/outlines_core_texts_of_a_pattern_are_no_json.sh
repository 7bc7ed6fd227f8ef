#!/bin/sh
# outlines-core allows replies that are not JSON where a text of the schema has a pattern.
#
# Expected: a string with a pattern is a JSON string still: quotation marks and line breaks in it are escaped, as in one of
# which the schema gives the lengths; and the value, read from the JSON, has the pattern.
# Seen: the pattern is put between two quotation marks as it is. With "no comma" ([^,]+) a line break may be written as it is, and
# a quotation mark before the last, which no parser of JSON takes. Where the pattern forbids line breaks, as .+ does, an escaped
# one is allowed; a pattern with ^ alone is refused as a fault of the vocabulary. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "outlines-core==0.2.14"
cat > "$folder/finding.py" <<'PYTHON'
import json
import re
from importlib.metadata import version

from outlines_core import Guide, Index, Vocabulary
from outlines_core.json_schema import build_regex_from_schema

END = 0
SIGNS = [chr(code) for code in (10, *range(32, 127))]
VOCABULARY = Vocabulary(END, {sign: [number] for number, sign in enumerate(SIGNS, start=1)})
# Schema of a text, a reply, and whether outlines-core allows it.
CASES = [
    ({"maxLength": 12}, '"two\nlines"', False),
    ({"pattern": "^[^,]+$"}, '"He said no"', True),
    ({"pattern": "^[^,]+$"}, '"He said no""', True),
    ({"pattern": "^[^,]+$"}, '"two\nlines"', True),
    ({"pattern": "^.+$"}, '"two\\nlines"', True),
    ({"pattern": "^Refund"}, '"Refund"', False),
]


def is_allowed(schema, text):
    """Whether the index lets a model with one token for each sign write the text."""
    try:
        guide = Guide(Index(build_regex_from_schema(json.dumps({"type": "string", **schema})), VOCABULARY))
    except ValueError as error:
        print("   ", error)
        return False
    for sign in text:
        token = SIGNS.index(sign) + 1
        if token not in guide.get_tokens():
            return False
        guide.advance(token)
    return END in guide.get_tokens()


def has_pattern(schema, text):
    """Whether the reply is a JSON string that the schema allows."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return False
    return re.search(schema.get("pattern", ""), value) is not None and len(value) <= schema.get("maxLength", len(value))


print("outlines-core", version("outlines-core"))
same = True
for schema, text, expected in CASES:
    seen = is_allowed(schema, text)
    print(f"{json.dumps(schema):24} reply {text!r:18} valid: {has_pattern(schema, text)!s:5} allowed: {seen}")
    same = same and seen is expected
raise SystemExit(not same)
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
