import Torch

/// The largest difference between two tensors, relative to the largest magnitude in the expected one.
///
/// Infinite when shapes differ or anything is not finite, so that a comparison with a tolerance fails.
public func relativeError(_ actual: Tensor, _ expected: Tensor) -> Double {
  guard actual.shape == expected.shape else { return .infinity }
  let actual = actual.scalars(as: Double.self)
  let expected = expected.scalars(as: Double.self)
  let scale = expected.map(abs).max() ?? 0
  var worst = 0.0
  for (a, e) in zip(actual, expected) {
    guard a.isFinite, e.isFinite else { return .infinity }
    worst = max(worst, abs(a - e))
  }
  return worst / max(scale, 1e-30)
}
