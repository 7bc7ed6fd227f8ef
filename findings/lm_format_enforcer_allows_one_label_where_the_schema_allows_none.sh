#!/bin/sh
# lm-format-enforcer lets a model write one label where the schema allows none.
#
# Expected: maxItems 0 allows the empty list alone, as maxItems 1 allows one label at most: a schema can pin the list of a
# text that no label fits, as it pins others.
# Seen: ["Billing"] is allowed as well as [], as with maxItems 1. A plan whose rows of no label rely on the schema gets, and
# pays for, texts with a label. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "lm-format-enforcer==0.11.3"
cat > "$folder/finding.py" <<'PYTHON'
from importlib.metadata import version

from lmformatenforcer import JsonSchemaParser

REPLIES = ("[]", '["Billing"]', '["Billing","Shipping"]')


def allowed(schema, text):
    parser = JsonSchemaParser(schema)
    for sign in text:
        if sign not in parser.get_allowed_characters():
            return False
        parser = parser.add_character(sign)
    return parser.can_end()


print("lm-format-enforcer", version("lm-format-enforcer"))
seen = {}
for most in (0, 1):
    schema = {"type": "array", "items": {"enum": ["Billing", "Shipping"]}, "minItems": 0, "maxItems": most}
    seen[most] = [allowed(schema, reply) for reply in REPLIES]
    for reply, can_be_written in zip(REPLIES, seen[most], strict=True):
        print(f"maxItems {most}, reply {reply:24} allowed: {can_be_written}")
raise SystemExit(seen != {0: [True, True, False], 1: [True, True, False]})
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
