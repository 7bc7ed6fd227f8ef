#!/bin/sh
# langcodes' find reads its own name of a language, Portuguese (Brazil), as Portuguese.
#
# Expected: find is the way back from display_name, or raises LookupError for a name that it does not know, as it does for
# other unknown names.
# Seen: of most names that it gives itself, the country and the script are dropped without a word: Chinese (Traditional) is
# read as Chinese, Serbian (Latin) as Serbian. By the language of the name it may be kept: Chinesisch (Traditionell) and
# Brazilian Portuguese are read in full. A list of languages that a person picked from such names becomes another one.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "langcodes==3.5.1" "language_data==1.4.0"
cat > "$folder/finding.py" <<'PYTHON'
from importlib.metadata import version

import langcodes

TAGS = ("pt-BR", "zh-Hant", "sr-Latn", "nl-BE", "de-CH", "es-419", "fa-AF", "uz-Cyrl", "hi-Latn")

print("langcodes", version("langcodes"), "language_data", version("language_data"))
read = {}
for language in ("en", "de"):
    for tag in TAGS:
        name = langcodes.get(tag).display_name(language)
        read[language, tag] = langcodes.find(name, language=language).to_tag()
        print(f"{tag:8} {name:36} read as {read[language, tag]}")
print("Brazilian Portuguese read as", langcodes.find("Brazilian Portuguese").to_tag())
kept = [pair for pair, tag in read.items() if tag == pair[1]]
bases = all(tag == pair[1].partition("-")[0] for pair, tag in read.items() if pair not in kept)
is_as_seen = kept == [("en", "hi-Latn"), ("de", "zh-Hant"), ("de", "hi-Latn")] and bases
raise SystemExit(not is_as_seen or langcodes.find("Brazilian Portuguese").to_tag() != "pt-BR")
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
