#!/bin/sh
# MLflow takes metric names in any script, but not with the vowel signs that Hindi, Thai and other scripts need.
#
# Expected: a name is refused for its punctuation, if at all: "Names may only contain alphanumerics, underscores, ...", and
# Chinese, Russian and Arabic words are taken.
# Seen: alphanumerics are those of Python's `\w`, to which combining marks do not belong. So most words of Hindi, Thai, Tamil
# or Burmese are refused, and so is any accented letter that is written in two code points.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "mlflow-skinny==3.17.2"
cat > "$folder/finding.py" <<'PYTHON'
import unicodedata

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.utils.validation import _validate_metric_name

WORDS = {"Chinese": "语气", "Russian": "тон", "Arabic": "النبرة", "Hindi": "स्वर", "Thai": "น้ำเสียง", "Tamil": "தொனி"}
WORDS |= {f"French in {form}": unicodedata.normalize(form, "ténor") for form in ("NFC", "NFD")}


def is_taken(name):
    try:
        _validate_metric_name(f"coverage/{name}")
    except MlflowException:
        return False
    return True


taken = {language: is_taken(word) for language, word in WORDS.items()}
print("mlflow", mlflow.__version__)
for language, is_one in taken.items():
    print(f"{language:14} {WORDS[language]:10} {'taken' if is_one else 'refused'}")
refused = [language for language, is_one in taken.items() if not is_one]
as_found = refused == ["Hindi", "Thai", "Tamil", "French in NFD"]
print("as found" if as_found else "NOT as found")
raise SystemExit(0 if as_found else 1)
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
