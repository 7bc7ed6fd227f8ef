#!/bin/sh
# skl2onnx converts a text classifier whose words have letters outside of a to z, and the ONNX model does not see them.
#
# Expected: the converted TfidfVectorizer splits texts as scikit-learn's does, or the conversion is refused, as it is for
# characters as features.
# Seen: its words are runs of the characters a-z, A-Z, 0-9 and _ alone, whatever the fitted vocabulary holds. Gepäck is read
# as the words Gep and ck, and Russian text has no words at all. The model loads, runs, and gives each such text the same
# label with other probabilities than scikit-learn's. No warning at conversion. English texts are equal.
# Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  "skl2onnx==1.20.0" "onnx==1.23.2" "onnxruntime==1.32.0" "scikit-learn==1.9.1"
cat > "$folder/finding.py" <<'PYTHON'
import warnings
from importlib.metadata import version

import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from skl2onnx.common.data_types import StringTensorType
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

LABELS = ["lost", "lost", "refund", "refund"]
TEXTS = {
    "English": (["parcel lost", "where my parcel", "money back", "pay money"], ["parcel", "money"]),
    "German": (["Gepäck weg", "mein Gepäck fehlt", "Gebühr zurück", "hohe Gebühr"], ["Gepäck", "Gebühr"]),
    "Russian": (["посылка пропала", "где посылка", "верните деньги", "деньги назад"], ["посылка", "деньги"]),
}

print(*(f"{name} {version(name)}" for name in ("skl2onnx", "onnxruntime", "scikit-learn")))
seen = {}
for language, (texts, asked) in TEXTS.items():
    # Lower case needs a locale that not every machine has.
    classifier = make_pipeline(TfidfVectorizer(lowercase=False), LogisticRegression(C=100)).fit(texts, LABELS)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        types = [("text", StringTensorType([None, 1]))]
        model = to_onnx(classifier, initial_types=types, options={id(classifier): {"zipmap": False}})
    told = [str(each.message) for each in caught if "oken" in str(each.message)]
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    labels, probabilities = session.run(None, {"text": np.array(asked).reshape(-1, 1)})
    by_sklearn, off = classifier.predict(asked).tolist(), np.abs(classifier.predict_proba(asked) - probabilities).max()
    seen[language] = (by_sklearn, labels.tolist(), bool(off > 0.4), told)
    print(f"{language:8} scikit-learn {by_sklearn}, ONNX {labels.tolist()}, probabilities off by {off:.2f}, warnings {told}")
both = ["lost", "refund"]
alike = all(len({*by_onnx}) == 1 and off for _, by_onnx, off, _ in (seen["German"], seen["Russian"]))
right = all(by_sklearn == both and not told for by_sklearn, _, _, told in seen.values())
raise SystemExit(not alike or not right or seen["English"] != (both, both, False, []))
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
