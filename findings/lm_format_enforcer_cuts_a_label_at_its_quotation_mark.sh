#!/bin/sh
# lm-format-enforcer lets a model write no label with a quotation mark: it makes it end before the mark, outside of the enum.
#
# Expected: an enum's values are the only ones that can be written, as JSON: the label Say "no" as "Say \"no\"".
# Seen: the value is compared letter by letter with the reply's JSON, where its own mark closes the string. What the model has
# to write is "Say ", valid JSON that is no label; the right spelling is refused. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "lm-format-enforcer==0.11.3"
cat > "$folder/finding.py" <<'PYTHON'
import json
from importlib.metadata import version

from lmformatenforcer import JsonSchemaParser


def allowed(schema, text):
    parser = JsonSchemaParser(schema)
    for sign in text:
        if sign not in parser.get_allowed_characters():
            return False
        parser = parser.add_character(sign)
    return parser.can_end()


def only_reply(schema):
    """The reply that is left if white space is written only where nothing else may be."""
    parser, text = JsonSchemaParser(schema), ""
    while not parser.can_end():
        signs = set(parser.get_allowed_characters())
        (sign,) = signs - set(" \t\r\n") or signs
        text += sign
        parser = parser.add_character(sign)
    return text


print("lm-format-enforcer", version("lm-format-enforcer"))
seen = {}
for label in ("Billing", 'Say "no"'):
    schema = {"type": "string", "enum": [label]}
    seen[label] = (allowed(schema, json.dumps(label)), only_reply(schema))
    print(f"label {label!r}: its JSON is allowed: {seen[label][0]}; the one reply that is: {seen[label][1]}")
raise SystemExit(seen != {"Billing": (True, '"Billing"'), 'Say "no"': (False, '"Say "')})
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
