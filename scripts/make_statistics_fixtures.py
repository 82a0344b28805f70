#!/usr/bin/env python3
"""Writes Tests/Fixtures/statistics.json: what SciPy, statsmodels and rliable make of some paired differences.

Needs SciPy, statsmodels and rliable (whose arch wants pandas 2):

    pip install scipy==1.17.1 statsmodels==0.14.5 rliable==1.2.0 'pandas<3'
    python scripts/make_statistics_fixtures.py
"""
import itertools
import json
import os
import sys

import numpy as np
from rliable import library as rliable_library
from scipy import stats
from statsmodels.stats.power import TTestPower

# Multiples of 1/64, so that sums do not depend on their order.
SAMPLES = [
    [1, 2, 3, 4, 5],
    [0.5, -0.25, 1.5, 0.75, 1.25, 2.0],
    [1.0, 0.8125, 0.796875, 2.984375, 1.265625, -1.078125, 0.046875, 2.1875],
    [-0.5, -1.25, 0.25, -0.75, 0.5, -1.0, -0.125, -2.0, -0.375, 0.0, -0.875, 0.625],
]
STRATA = [
    [SAMPLES[1], SAMPLES[2]],
    [SAMPLES[1], SAMPLES[2], SAMPLES[3]],
]


def mean_of_means(*strata, axis=-1):
    return sum(np.mean(values, axis=axis) for values in strata) / len(strata)


def bca(strata, resamples, random):
    return stats.bootstrap(
        strata, mean_of_means, method="BCa", n_resamples=resamples, vectorized=True, batch=10_000, rng=random)


def interval(pair):
    return [float(pair[0]), float(pair[1])]


def bootstrap_entry(strata):
    few = bca(strata, 199, np.random.default_rng(1))
    many = bca(strata, 500_000, np.random.default_rng(2))
    return {
        "strata": strata,
        "distribution": [float(value) for value in few.bootstrap_distribution],
        "few": interval(few.confidence_interval),
        "many": interval(many.confidence_interval),
    }


def check_against_rliable():
    """rliable's stratified bootstrap has percentile intervals alone; SciPy's of the same kind agree with them."""
    random = np.random.default_rng(3)
    scores = random.normal(0.5, 1, (8, 3)) + np.array([0, 1, -1])
    points, intervals = rliable_library.get_interval_estimates(
        {"arm": scores}, lambda x: np.array([np.mean(x)]), method="percentile", reps=50_000, random_state=np.random.RandomState(5))
    ours = stats.bootstrap(
        list(scores.T), mean_of_means, method="percentile", n_resamples=50_000, vectorized=True, batch=10_000,
        rng=np.random.default_rng(4))
    difference = np.abs(intervals["arm"][:, 0] - np.array(ours.confidence_interval)).max()
    assert abs(points["arm"][0] - mean_of_means(*scores.T)) < 1e-12
    assert difference < 0.01, difference
    print(f"rliable's and SciPy's stratified intervals differ by {difference:.4f}")


def sign_flip_power(gain, noise):
    """The share of simulated studies whose exact sign-flip test is at most 0.05."""
    count = noise.shape[1]
    signs = np.array(list(itertools.product([1, -1], repeat=count)), dtype=np.float32)
    significant = 0
    for start in range(0, len(noise), 200):
        values = noise[start:start + 200] + np.float32(gain)
        extreme = np.abs(values @ signs.T) >= np.abs(values.sum(1))[:, None] - 1e-4
        significant += (extreme.mean(1) <= 0.05).sum()
    return significant / len(noise)


def sign_flip_gain(pairs):
    """The gain that the sign-flip test shows with a power of 80 %, in standard deviations of a difference."""
    noise = np.random.default_rng(pairs).normal(size=(20_000, pairs)).astype(np.float32)
    low, high = 0.2, 4.0
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if sign_flip_power(middle, noise) < 0.8 else (low, middle)
    return high


def main():
    check_against_rliable()
    infinite = np.inf
    samples = []
    for values in SAMPLES:
        t_test = stats.ttest_1samp(values, 0)
        test = stats.permutation_test(
            (np.array(values),), lambda x, axis: np.mean(x, axis=axis), permutation_type="samples", vectorized=True,
            n_resamples=infinite)
        samples.append({
            "values": values, "deviation": float(np.std(values, ddof=1)),
            "student": interval(t_test.confidence_interval()), "p": float(test.pvalue)})
    power = TTestPower()
    content = {
        "samples": samples,
        "bootstraps": [bootstrap_entry([values]) for values in SAMPLES[1:]] + [bootstrap_entry(s) for s in STRATA],
        # SciPy has no number for some probabilities near 0.
        "cumulative": [
            {"t": t, "degrees": nu, "noncentrality": delta, "probability": float(probability)}
            for t, nu, delta, probability in (
                (t, nu, delta, stats.nct.cdf(t, nu, delta) if delta else stats.t.cdf(t, nu))
                for nu in [1, 2, 5, 7, 19, 200] for delta in [0, 0.5, 2.8, 6] for t in [-3.0, -0.5, 0.7, 2.1, 12.5])
            if np.isfinite(probability)],
        "quantiles": [{"degrees": nu, "value": float(stats.t.ppf(0.975, nu))} for nu in [1, 2, 3, 4, 5, 7, 13, 60, 999]],
        "detectable": [
            {"pairs": n, "gain": float(power.solve_power(nobs=n, alpha=0.05, power=0.8, alternative="two-sided"))}
            for n in [3, 4, 5, 6, 8, 12, 14, 20, 100]],
        "power": [
            {"pairs": n, "gain": gain, "power": float(power.power(gain, n, 0.05, alternative="two-sided"))}
            for n in [4, 6, 8, 14] for gain in [0.0, 0.3, 0.6, 1.2]],
        "signFlips": [{"pairs": n, "gain": sign_flip_gain(n)} for n in [6, 7, 8, 9, 10]],
    }
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(root, "Tests/Fixtures/statistics.json")
    with open(path, "w") as file:
        json.dump(content, file, indent=1, allow_nan=False)
        file.write("\n")


if __name__ == "__main__":
    main()
