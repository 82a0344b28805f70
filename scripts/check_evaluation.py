#!/usr/bin/env python3
"""Compares `hardviews evaluate` with scikit-learn on the features that `hardviews embed` writes of the same encoder.

    pip install scikit-learn==1.7.2 numpy safetensors
    python scripts/check_evaluation.py ENCODER DATA [--k 10,20] [--epochs 100] [--program .build/release/hardviews]

DATA has a test split. What is compared, and how near it has to be:

- k-NN: KNeighborsClassifier with the cosine and weights exp(similarity / 0.07), accuracies within 0.0005 (features are
  rounded alike, but similarities that differ by rounding may change places);
- retrieval: average_precision_score, mean over at most 1000 queries against the interval of all: within it;
- linear probe: LogisticRegression on standardized features, its C chosen by the same share of held-out images: within
  0.02;
- outliers, with the test images of two classes taken out: roc_auc_score, within 0.0005.

Exits with 1 where one is farther away.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
from sklearn.preprocessing import StandardScaler

TEMPERATURE = 0.07


def unit(features):
    return features / np.linalg.norm(features, axis=1, keepdims=True)


def probe(train, labels, test, test_labels):
    """Logistic regression whose C is chosen on a tenth of the training images."""
    scaler = StandardScaler().fit(train)
    train, test = scaler.transform(train), scaler.transform(test)
    kept, held, kept_labels, held_labels = train_test_split(train, labels, test_size=0.1, stratify=labels, random_state=0)
    strengths = [0.001, 0.01, 0.1, 1.0]
    scores = [
        LogisticRegression(C=c, max_iter=1000).fit(kept, kept_labels).score(held, held_labels) for c in strengths
    ]
    best = strengths[int(np.argmax(scores))]
    return LogisticRegression(C=best, max_iter=1000).fit(train, labels).score(test, test_labels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder")
    parser.add_argument("data")
    parser.add_argument("--k", default="10,20")
    parser.add_argument("--epochs", default="100")
    parser.add_argument("--precision", default="fp32", help="that of the run, for embed; evaluate uses it by itself")
    parser.add_argument("--outlier-classes", default="8,9")
    parser.add_argument("--program", default=".build/release/hardviews")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def run(*arguments):
            return subprocess.run([options.program, *arguments], check=True, capture_output=True, text=True).stdout

        def evaluate(protocol, *arguments):
            text = run(
                "evaluate", protocol, options.encoder, "--data", options.data, "--output", str(folder), "--json",
                *arguments)
            return {measure["name"]: measure for measure in json.loads(text)["measures"]}

        parts = {}
        for split in ["train", "test"]:
            path = folder / f"{split}.safetensors"
            run(
                "embed", options.encoder, options.data, "--split", split, "--precision", options.precision, "--output",
                str(path))
            table = load_file(path)
            parts[split] = (table["features"].astype(np.float64), table["labels"])
        (train, labels), (test, test_labels) = parts["train"], parts["test"]
        print(f"{len(train)} training and {len(test)} test images, {train.shape[1]} features")

        rows = []
        ours = evaluate("knn", "--k", options.k)
        for k in map(int, options.k.split(",")):
            classifier = KNeighborsClassifier(
                k, metric="cosine", algorithm="brute", weights=lambda distances: np.exp((1 - distances) / TEMPERATURE))
            score = classifier.fit(train, labels).score(test, test_labels)
            rows.append((f"{k}-NN", ours[f"{k}-NN"]["value"], score, 0.0005))

        ours = evaluate("retrieval")["mAP"]
        chosen = np.random.default_rng(0).choice(len(test), min(1000, len(test)), replace=False)
        similarity = unit(test[chosen]) @ unit(train).T
        precisions = [
            average_precision_score(labels == label, row)
            for label, row in zip(test_labels[chosen], similarity, strict=True)
        ]
        # As many standard errors of the drawn queries as a 95 % interval has.
        rows.append(("mAP", ours["value"], np.mean(precisions), 1.96 * np.std(precisions) / len(chosen) ** 0.5))

        ours = evaluate("linear", "--epochs", options.epochs)["linear"]
        rows.append(("linear", ours["value"], probe(train, labels, test, test_labels), 0.02))

        outside = [int(label) for label in options.outlier_classes.split(",")]
        ours = evaluate("outliers", "--outlier-classes", options.outlier_classes)["AUROC"]
        bank = unit(train[~np.isin(labels, outside)])
        distances = NearestNeighbors(n_neighbors=50, algorithm="brute").fit(bank).kneighbors(unit(test))[0][:, -1]
        rows.append(("AUROC", ours["value"], roc_auc_score(np.isin(test_labels, outside), distances), 0.0005))

    fails = False
    print(f"{'measure':<10}{'hardviews':>12}{'scikit-learn':>14}{'allowed':>10}")
    for measure, own, other, tolerance in rows:
        is_wrong = abs(own - other) > tolerance
        fails = fails or is_wrong
        print(f"{measure:<10}{own:>12.4f}{other:>14.4f}{tolerance:>10.4f}{'  TOO FAR' if is_wrong else ''}")
    sys.exit(1 if fails else 0)


if __name__ == "__main__":
    main()
