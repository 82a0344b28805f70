#!/usr/bin/env python3
"""Writes Tests/Fixtures/evaluation.safetensors: what scikit-learn and DINO's published k-NN find on made-up features.

Inputs: `train`, `test` and `outliers`, features [images, width] of clusters that overlap; `train_labels`, `test_labels`.

Expected:
- `knn.K`: whether each test image is classified rightly by scikit-learn's KNeighborsClassifier (cosine, votes
  exp(similarity / 0.07)), for K neighbors; `dino.K`: top-1 and top-5 accuracy by DINO's `knn_classifier`;
- `logistic.C`: probabilities [test images, classes] of scikit-learn's LogisticRegression at its optimum; `probe`: the
  accuracy of one almost without penalty, on features with zero mean and unit variance;
- `precision`: average precision of each test image as a query against the training images, by average_precision_score;
- `outliers.K`: area under the ROC curve, and false positive rate where the true positive rate first is 95 %, of the
  distance to the K-th neighbor, by roc_auc_score and roc_curve;
- `wilson`: rows of hits, images, lower and upper end, by SciPy's binomtest.

Needs torch, scikit-learn 1.7.2, SciPy, NumPy and safetensors:

    pip install torch scikit-learn==1.7.2 scipy numpy safetensors
    python scripts/make_evaluation_fixtures.py
"""

from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
from sklearn.preprocessing import StandardScaler

PATH = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "evaluation.safetensors"
CLASSES, WIDTH, TEMPERATURE = 7, 12, 0.07


def knn_classifier(train_features, train_labels, test_features, test_labels, k, T, num_classes):
    """`eval_knn.knn_classifier` of https://github.com/facebookresearch/dino (Apache License 2.0), on the CPU."""
    top1, top5, total = 0.0, 0.0, 0
    train_features = train_features.t()
    num_test_images, num_chunks = test_labels.shape[0], 100
    imgs_per_chunk = num_test_images // num_chunks
    retrieval_one_hot = torch.zeros(k, num_classes)
    for idx in range(0, num_test_images, imgs_per_chunk):
        features = test_features[idx : min((idx + imgs_per_chunk), num_test_images), :]
        targets = test_labels[idx : min((idx + imgs_per_chunk), num_test_images)]
        batch_size = targets.shape[0]
        similarity = torch.mm(features, train_features)
        distances, indices = similarity.topk(k, largest=True, sorted=True)
        candidates = train_labels.view(1, -1).expand(batch_size, -1)
        retrieved_neighbors = torch.gather(candidates, 1, indices)
        retrieval_one_hot.resize_(batch_size * k, num_classes).zero_()
        retrieval_one_hot.scatter_(1, retrieved_neighbors.view(-1, 1), 1)
        distances_transform = distances.clone().div_(T).exp_()
        probs = torch.sum(
            torch.mul(
                retrieval_one_hot.view(batch_size, -1, num_classes),
                distances_transform.view(batch_size, -1, 1),
            ),
            1,
        )
        _, predictions = probs.sort(1, True)
        correct = predictions.eq(targets.data.view(-1, 1))
        top1 = top1 + correct.narrow(1, 0, 1).sum().item()
        top5 = top5 + correct.narrow(1, 0, min(5, k)).sum().item()
        total += targets.size(0)
    return top1 * 100.0 / total, top5 * 100.0 / total


def unit(features):
    return features / np.linalg.norm(features, axis=1, keepdims=True)


def main() -> None:
    random = np.random.default_rng(14)
    centers = random.normal(size=(CLASSES, WIDTH)) + 1.0

    def clusters(count, spread=1.3):
        labels = np.arange(count) % CLASSES
        return (centers[labels] + spread * random.normal(size=(count, WIDTH))).astype(np.float32), labels

    (train, train_labels), (test, test_labels) = clusters(420), clusters(200)
    outliers = (1.5 * random.normal(size=(150, WIDTH)) + 0.4).astype(np.float32)
    fixture = {
        "train": train, "test": test, "outliers": outliers, "train_labels": train_labels, "test_labels": test_labels,
    }

    for k in [1, 5, 20, 200]:
        classifier = KNeighborsClassifier(
            k, metric="cosine", algorithm="brute", weights=lambda distances: np.exp((1 - distances) / TEMPERATURE))
        predicted = classifier.fit(train.astype(np.float64), train_labels).predict(test.astype(np.float64))
        fixture[f"knn.{k}"] = (predicted == test_labels).astype(np.int64)
        published = knn_classifier(
            torch.tensor(unit(train)), torch.tensor(train_labels), torch.tensor(unit(test)), torch.tensor(test_labels),
            k, TEMPERATURE, CLASSES)
        fixture[f"dino.{k}"] = np.array(published) / 100

    for c in [0.1, 10.0]:
        regression = LogisticRegression(C=c, tol=1e-10, max_iter=10_000).fit(train.astype(np.float64), train_labels)
        fixture[f"logistic.{c:g}"] = regression.predict_proba(test.astype(np.float64))
    scaler = StandardScaler().fit(train)
    probe = LogisticRegression(C=1e4, max_iter=10_000).fit(scaler.transform(train), train_labels)
    fixture["probe"] = np.array([probe.score(scaler.transform(test), test_labels)])

    similarity = unit(test.astype(np.float64)) @ unit(train.astype(np.float64)).T
    fixture["precision"] = np.array([
        average_precision_score(train_labels == label, row) for label, row in zip(test_labels, similarity, strict=True)
    ])

    for k in [1, 50]:
        nearest = NearestNeighbors(n_neighbors=k).fit(unit(train.astype(np.float64)))
        distances = [nearest.kneighbors(unit(x.astype(np.float64)))[0][:, -1] for x in (test, outliers)]
        is_known = np.repeat([1, 0], [len(test), len(outliers)])
        scores = -np.concatenate(distances)
        false_positives, true_positives, _ = roc_curve(is_known, scores, drop_intermediate=False)
        fixture[f"outliers.{k}"] = np.array(
            [roc_auc_score(is_known, scores), false_positives[np.argmax(true_positives >= 0.95)]])

    rows = []
    for hits, images in [(0, 20), (1, 7), (15, 20), (640, 1000), (20, 20)]:
        interval = binomtest(hits, images).proportion_ci(method="wilson")
        rows.append([hits, images, interval.low, interval.high])
    fixture["wilson"] = np.array(rows)

    save_file({name: np.ascontiguousarray(value) for name, value in fixture.items()}, PATH)
    print(f"wrote {PATH}, {PATH.stat().st_size} bytes")
    for name in ["dino.1", "dino.20", "probe", "outliers.1", "outliers.50"]:
        print(name, fixture[name])
    print("mAP", fixture["precision"].mean())


if __name__ == "__main__":
    main()
