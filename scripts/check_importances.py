#!/usr/bin/env python3
"""Compares `importances-of-csv` with Optuna's functional ANOVA and with a dense one on scikit-learn's trees.

Build with `swift build -c release --product importances-of-csv`, install `optuna` and `scikit-learn`, and run this file in
the checkout.
Exits with 1 where a figure is further from its reference than allowed.
"""

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import optuna
from optuna.importance._fanova._tree import _FanovaTree
from sklearn.ensemble import RandomForestRegressor
from sklearn.tree import DecisionTreeRegressor

EXACT = 1e-9
OPTUNA_TREES = 64
TREES = 256


def sample(rows, seed):
    """A table of quantities that are far from uniform, two of them correlated, and a target with noise."""
    generator = np.random.default_rng(seed)
    overlap = generator.random(rows)
    columns = {
        "overlap": overlap,
        "distance": generator.exponential(0.3, rows),
        "brightness": generator.normal(0, 0.4, rows),
        "mirrored": (generator.random(rows) < 0.2).astype(float),
        "scale": overlap + generator.normal(0, 0.2, rows),
        "noise": generator.random(rows),
    }
    target = (
        2 * columns["overlap"]
        + columns["distance"]
        + 2 * columns["brightness"] * (columns["overlap"] - 0.5)
        + 0.5 * columns["mirrored"]
        + 0.2 * generator.normal(size=rows)
    )
    # scikit-learn computes in single precision, in which these are exact.
    x = np.round(np.stack(list(columns.values()), axis=1) * 1024) / 1024
    return list(columns), x, target


def importances(program, file, **options):
    arguments = [f"{name}={value}" for name, value in options.items()]
    return json.loads(subprocess.run([program, file, *arguments], check=True, capture_output=True).stdout)


def dense_fanova(tree, x):
    """Fractions of the variance of a tree over independent columns, each distributed as in the table.

    Every leaf is a mask over the rows for each column, and a marginal is a product of matrices of masks.
    """
    leaves, masks = [], []
    stack = [(0, np.ones((x.shape[1], x.shape[0]), dtype=bool))]
    while stack:
        node, mask = stack.pop()
        column = tree.feature[node]
        if column < 0:
            leaves.append(tree.value[node].item())
            masks.append(mask)
            continue
        below = x[:, column] <= tree.threshold[node]
        for child, side in ((tree.children_left[node], below), (tree.children_right[node], ~below)):
            part = mask.copy()
            part[column] &= side
            stack.append((child, part))
    values, masks = np.array(leaves), np.array(masks, dtype=float)
    shares = masks.mean(axis=2)
    weights = shares.prod(axis=1)
    mean = weights @ values
    variance = weights @ (values - mean) ** 2

    def others(*columns):
        return np.delete(shares, columns, axis=1).prod(axis=1)

    effects = [(values * others(j)) @ masks[:, j] - mean for j in range(x.shape[1])]
    fractions = {(j,): (effect**2).mean() / variance for j, effect in enumerate(effects)}
    for j, k in itertools.combinations(range(x.shape[1]), 2):
        marginal = (masks[:, j] * (values * others(j, k))[:, None]).T @ masks[:, k] - mean
        fractions[j, k] = ((marginal - effects[j][:, None] - effects[k]) ** 2).mean() / variance
    return fractions


def optuna_tree_fanova(tree, x):
    """Fractions of the variance of a tree over the range of each column, by Optuna."""
    fanova = _FanovaTree(tree, np.stack([x.min(axis=0), x.max(axis=0)], axis=1))
    main = [fanova.get_marginal_variance(np.array([j])) for j in range(x.shape[1])]
    fractions = {(j,): variance / fanova.variance for j, variance in enumerate(main)}
    for j, k in itertools.combinations(range(x.shape[1]), 2):
        both = fanova.get_marginal_variance(np.array([j, k]))
        fractions[j, k] = (both - main[j] - main[k]) / fanova.variance
    return fractions


def optuna_forest_fanova(names, x, y, seed):
    """Main effects by Optuna's public interface."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    distributions = {
        name: optuna.distributions.FloatDistribution(column.min(), column.max()) for name, column in zip(names, x.T)
    }
    study = optuna.create_study()
    study.add_trials(
        [
            optuna.trial.create_trial(
                params=dict(zip(names, map(float, row))), distributions=distributions, value=float(value)
            )
            for row, value in zip(x, y)
        ]
    )
    evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=OPTUNA_TREES, seed=seed)
    fractions = evaluator.evaluate(study)
    return {(j,): fractions[name] for j, name in enumerate(names)}


class Comparison:
    def __init__(self, names):
        self.names = names
        self.failed = False

    def show(self, title, report, reference, trees=1, r2=None):
        """Prints own figures beside reference ones.

        Those of one tree must be the same; means over the trees of two forests may be four standard errors apart, and
        their R² 0.01.
        """
        found = {
            tuple(effect["columns"]): (effect["fraction"], effect["standardDeviation"])
            for effect in report["mainEffects"] + report["interactions"]
        }
        print(f"\n{title}")
        print(f"{'':26}{'own':>10}{'reference':>12}{'difference':>12}{'allowed':>12}")
        rows = []
        for key, expected in reference.items():
            own, deviation = found[key]
            allowed = EXACT if trees == 1 else max(1e-3, 4 * deviation * (2 / trees) ** 0.5)
            rows.append((" × ".join(self.names[j] for j in key), own, expected, allowed))
        if r2 is not None:
            rows.append(("out-of-bag R²", report["r2"], r2, 0.01))
        for label, own, expected, allowed in rows:
            difference = own - expected
            mark = "" if abs(difference) <= allowed else "  TOO FAR"
            self.failed |= bool(mark)
            print(f"{label:26}{own:10.4f}{expected:12.4f}{difference:12.1e}{allowed:12.1e}{mark}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default=".build/release/importances-of-csv")
    parser.add_argument("--rows", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    names, x, y = sample(options.rows, options.seed)
    comparison = Comparison(names)
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "table.csv")
        lines = [",".join([*names, "target"])]
        lines += [",".join(map(repr, map(float, [*row, value]))) for row, value in zip(x, y)]
        Path(file).write_text("\n".join(lines) + "\n")

        tree = DecisionTreeRegressor(min_samples_leaf=10, random_state=0).fit(x, y).tree_
        single = {"trees": 0, "leaf": 10, "columns": 1, "pairs": len(names)}
        comparison.show(
            "One tree of all rows, measure uniform: Optuna's tree",
            importances(options.program, file, measure="uniform", **single),
            optuna_tree_fanova(tree, x),
        )
        comparison.show(
            "One tree of all rows, measure empirical: dense masks",
            importances(options.program, file, measure="empirical", **single),
            dense_fanova(tree, x),
        )

        start = time.monotonic()
        reference = optuna_forest_fanova(names, x, y, options.seed)
        seconds = time.monotonic() - start
        report = importances(
            options.program, file, measure="uniform", trees=OPTUNA_TREES, leaf=1, columns=1, pairs=len(names)
        )
        comparison.show(
            f"{OPTUNA_TREES} trees, measure uniform: Optuna's forest", report, reference, trees=OPTUNA_TREES
        )
        print(f"own {sum(report['seconds'].values()):.2f} s with all pairs, Optuna {seconds:.2f} s without pairs")

        # All columns at every split: scikit-learn draws them by another rule where some are constant in a node.
        forest = RandomForestRegressor(TREES, min_samples_leaf=5, oob_score=True, random_state=options.seed).fit(x, y)
        fractions = [dense_fanova(estimator.tree_, x) for estimator in forest.estimators_]
        reference = {key: float(np.mean([fraction[key] for fraction in fractions])) for key in fractions[0]}
        report = importances(
            options.program, file, measure="empirical", trees=TREES, leaf=5, columns=1, pairs=len(names)
        )
        comparison.show(
            f"{TREES} trees, measure empirical: dense masks on scikit-learn's forest",
            report,
            reference,
            trees=TREES,
            r2=forest.oob_score_,
        )
    sys.exit(1 if comparison.failed else 0)


if __name__ == "__main__":
    main()
