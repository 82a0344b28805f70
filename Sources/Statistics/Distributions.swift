import Foundation

/// The normal distribution with mean 0 and standard deviation 1.
enum StandardNormal {
  /// The probability of a value of at most `x`.
  static func cumulative(_ x: Double) -> Double { erfc(-x / 2.0.squareRoot()) / 2 }

  /// The value that is not exceeded with a probability between 0 and 1.
  static func quantile(_ probability: Double) -> Double {
    root(of: { cumulative($0) - probability }, between: -40, and: 40)
  }
}

/// Student's t distribution, central or not: of (Z + δ) / √(V / ν), where Z is normal and V is χ² with ν degrees of
/// freedom.
struct StudentT {
  /// ν.
  var degreesOfFreedom: Int
  /// δ.
  var noncentrality = 0.0

  /// The probability of a value of at most `t`, within 1e-10.
  ///
  /// The integral of Φ(ts − δ) over the distribution of s = √(V / ν), by Simpson's rule.
  func cumulative(_ t: Double) -> Double {
    let nu = Double(degreesOfFreedom)
    let logScale = log(2) + nu / 2 * log(nu / 2) - lgamma(nu / 2)
    func density(_ s: Double) -> Double {
      guard s > 0 else { return degreesOfFreedom == 1 ? exp(logScale) : 0 }
      return exp(logScale + (nu - 1) * log(s) - nu * s * s / 2)
    }
    // s is near 1, with a standard deviation of about 1 / √(2ν).
    let reach = 12 / (2 * nu).squareRoot()
    let start = max(0, 1 - reach)
    let steps = 2000
    let width = (1 + reach - start) / Double(steps)
    let sum = (0...steps).reduce(0.0) { sum, step in
      let s = start + Double(step) * width
      let weight: Double = step == 0 || step == steps ? 1 : step % 2 == 1 ? 4 : 2
      return sum + weight * density(s) * StandardNormal.cumulative(t * s - noncentrality)
    }
    return min(max(sum * width / 3, 0), 1)
  }

  /// The value that is not exceeded with a probability; of the central distribution, for probabilities up to 0.9995.
  func quantile(_ probability: Double) -> Double {
    root(of: { cumulative($0) - probability }, between: -1000, and: 1000)
  }
}

/// Where a rising function is zero, by bisection.
func root(of function: (Double) -> Double, between low: Double, and high: Double) -> Double {
  var (low, high) = (low, high)
  for _ in 0..<64 {
    let middle = (low + high) / 2
    if function(middle) < 0 { low = middle } else { high = middle }
  }
  return (low + high) / 2
}
