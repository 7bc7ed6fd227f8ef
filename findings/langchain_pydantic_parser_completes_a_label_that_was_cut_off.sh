#!/bin/sh
# LangChain's PydanticOutputParser closes a reply that was cut off, and half a label becomes a label of the row.
#
# Expected: a reply that ends at the token limit in mid-list is no JSON, as for Pydantic itself, and the parser says so;
# reading what has arrived so far is what its streaming is for.
# Seen: outside of streaming too, missing quotation marks and brackets are added first. So ["Billing", "Shipp is a valid list
# of two labels, a text ends in mid-sentence, and a list that broke off after its first label is complete. No error, and no
# mark on the result. `finish_reason`, which the parser does not see, is all that tells. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "langchain-core==1.7.2" "pydantic==2.14.3"
cat > "$folder/finding.py" <<'PYTHON'
from importlib.metadata import version

from langchain_core.output_parsers import PydanticOutputParser
from pydantic import BaseModel, ValidationError


class Row(BaseModel):
    input_text: str
    labels: list[str]


WHOLE = '{"input_text": "The invoice is right, the parcel is not.", "labels": ["Billing", "Shipping"]}'
LAST_FIRST = '{"labels": ["Billing"], "input_text": "The invoice is right, the parcel is not."}'
CUT_OFF = [WHOLE[: WHOLE.index("ing", 80)], WHOLE[: WHOLE.index('"Shipping')], LAST_FIRST[: LAST_FIRST.index(", the")]]

print("langchain-core", version("langchain-core"), "pydantic", version("pydantic"))
parser, refused, read = PydanticOutputParser(pydantic_object=Row), 0, []
for reply in CUT_OFF:
    try:
        Row.model_validate_json(reply)
    except ValidationError:
        refused += 1
    row = parser.parse(reply)
    read.append((row.input_text, row.labels))
    print("...", reply[-30:], "->", row)
text = "The invoice is right, the parcel is not."
expected = [(text, ["Billing", "Shipp"]), (text, ["Billing"]), ("The invoice is right", ["Billing"])]
print("pydantic refuses", refused, "of", len(CUT_OFF))
raise SystemExit(refused != len(CUT_OFF) or read != expected)
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
