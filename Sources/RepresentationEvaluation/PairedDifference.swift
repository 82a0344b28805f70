import Foundation

/// The mean of paired differences with a 95 % interval by Student's t.
public struct PairedDifference: Codable, Sendable, Equatable {
  /// Pairs.
  public var count: Int
  /// The mean difference.
  public var mean: Double
  /// Half the width of the 95 % interval; nil with fewer than two pairs.
  public var halfWidth: Double?

  /// Summarizes `after[i] − before[i]`.
  public init(from before: [Double], to after: [Double]) {
    precondition(before.count == after.count && !before.isEmpty, "pairs need both sides")
    let differences = zip(before, after).map { $1 - $0 }
    let n = Double(differences.count)
    let mean = differences.reduce(0, +) / n
    count = differences.count
    self.mean = mean
    guard differences.count > 1 else { return }
    let variance = differences.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / (n - 1)
    halfWidth = Self.quantile(degreesOfFreedom: differences.count - 1) * (variance / n).squareRoot()
  }

  /// The 97.5 % quantile of Student's t.
  ///
  /// Found by bisection of the distribution function, which is integrated numerically.
  static func quantile(degreesOfFreedom: Int) -> Double {
    let nu = Double(degreesOfFreedom)
    let scale = exp(lgamma((nu + 1) / 2) - lgamma(nu / 2)) / (nu * .pi).squareRoot()
    func density(_ t: Double) -> Double { scale * pow(1 + t * t / nu, -(nu + 1) / 2) }
    func area(to t: Double) -> Double {
      let steps = 2000
      let h = t / Double(steps)
      var sum = density(0) + density(t)
      for i in 1..<steps { sum += density(Double(i) * h) * (i % 2 == 1 ? 4 : 2) }
      return sum * h / 3
    }
    var low = 0.0
    var high = 20.0
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if area(to: middle) < 0.475 { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}
