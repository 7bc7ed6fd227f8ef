#!/bin/sh
# MLflow serves a text classifier of scikit-learn that labels the name of the column in place of the texts.
#
# Expected: a model that is saved with a signature inferred from its own training texts predicts a label for each text in
# the form that the signature asks for.
# Seen: with a signature from a Series or a frame, texts reach the vectorizer as a frame, and scikit-learn goes through a
# frame's column names: whatever the number of texts, one label comes back, that of the word "text". No error. With a
# signature from a list, the same list is refused: the column is called 0, an int. Only an array of texts gives a signature
# that works. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  "mlflow==3.17.2" "scikit-learn==1.9.1" "skops==0.16.0" "pandas==3.1.1"
cat > "$folder/finding.py" <<'PYTHON'
import logging
import os
import warnings
from importlib.metadata import version

os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
import mlflow
import numpy as np
import pandas as pd
from mlflow.models import infer_signature
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

warnings.simplefilter("ignore")
logging.getLogger("mlflow").setLevel("ERROR")
TEXTS = ["parcel lost", "where is my parcel", "money back", "pay my money", "text with no answer"]
LABELS = ["lost", "lost", "refund", "refund", "other"]

print("mlflow", version("mlflow"), "scikit-learn", version("scikit-learn"))
classifier = make_pipeline(TfidfVectorizer(), LogisticRegression(C=100)).fit(TEXTS, LABELS)
texts = {
    "list": TEXTS,
    "array": np.array(TEXTS),
    "Series": pd.Series(TEXTS, name="text"),
    "DataFrame": pd.DataFrame({"text": TEXTS}),
}
seen = {}
for kind, given in texts.items():
    signature = infer_signature(given, classifier.predict(TEXTS))
    mlflow.sklearn.save_model(classifier, kind, signature=signature, serialization_format="pickle")
    try:
        seen[kind] = [str(label) for label in mlflow.pyfunc.load_model(kind).predict(given)]
    except AttributeError as error:
        seen[kind] = str(error)
    print(f"signature by {kind:9} {signature.inputs}: {len(TEXTS)} texts -> {seen[kind]}")
wanted = {"list": "'int' object has no attribute 'lower'", "array": LABELS, "Series": ["other"], "DataFrame": ["other"]}
raise SystemExit(seen != wanted)
PYTHON
cd "$folder" && "$folder/venv/bin/python" "$folder/finding.py"
