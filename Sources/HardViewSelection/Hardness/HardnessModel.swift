import NeuralNetworks
import Objectives
import Torch
import Views

/// Predicts which choices of views are hard from the drawn parameters alone, so before any pixel is rendered.
///
/// A ridge regression of exact losses on `PairGeometry`, within images: a choice counts as hard compared with other
/// choices of the same image. Older observations fade, since what is hard changes while the network learns. What it
/// explains is the cheap part of hardness; the rest lies in the images. So small a system is solved on the CPU always.
public final class HardnessModel {
  /// The share of the past that remains at each batch of observations.
  private let memory = 0.9
  /// Ridge penalty, relative to each feature's variance.
  private let ridge = 1e-3
  /// Sums of products of quantities, `[quantities, quantities]`, float64.
  private let products = withDevice(.cpu) {
    Buffer(.zeros([PairGeometry.names.count, PairGeometry.names.count], dtype: .float64))
  }
  /// Sums of products of quantities and losses, `[quantities]`, float64.
  private let moments = withDevice(.cpu) { Buffer(.zeros([PairGeometry.names.count], dtype: .float64)) }
  /// One for every quantity of `PairGeometry`; nil before the first observation.
  public private(set) var coefficients: [Double]?

  /// Knows nothing yet.
  public init() {}

  /// The state to save in order to continue exactly.
  public var state: [(name: String, buffer: Buffer)] { [("products", products), ("moments", moments)] }

  /// To be called after `state` was loaded.
  public func restore() { solve() }

  /// Learns from the exact losses of some choices, of all workers; to be called within `throwingExhaustion(_:)`.
  ///
  /// - Parameters:
  ///   - quantities: For each image and choice the sum of `PairGeometry` over the pairs that the loss relates.
  ///   - losses: The losses, `[image][choice]`.
  func observe(_ quantities: [[[Double]]], losses: [[Double]]) {
    let count = PairGeometry.names.count
    var sums = [Double](repeating: 0, count: count * count)
    var mixed = [Double](repeating: 0, count: count)
    for (quantities, losses) in zip(quantities, losses) {
      let choices = Double(losses.count)
      let meanLoss = losses.reduce(0, +) / choices
      var means = [Double](repeating: 0, count: count)
      for row in quantities { for index in 0..<count { means[index] += row[index] / choices } }
      for (row, loss) in zip(quantities, losses) {
        let centered = zip(row, means).map { $0 - $1 }
        for first in 0..<count {
          mixed[first] += centered[first] * (loss - meanLoss)
          for second in 0..<count { sums[first * count + second] += centered[first] * centered[second] }
        }
      }
    }
    withDevice(.cpu) {
      let observed = Workers.current.sum(Tensor(sums + mixed, shape: [count + 1, count]))
      products.value.copyInPlace(
        from: products.value * memory + observed.narrowed(along: 0, from: 0, count: count))
      moments.value.copyInPlace(
        from: moments.value * memory + observed.narrowed(along: 0, from: count, count: 1).reshaped([count]))
    }
    solve()
  }

  /// How hard a choice is predicted to be, up to a constant of the image; 0 before the first observation.
  func predict(_ quantities: [Double]) -> Double {
    guard let coefficients else { return 0 }
    return zip(quantities, coefficients).reduce(0) { $0 + $1.0 * $1.1 }
  }

  private func solve() {
    let count = PairGeometry.names.count
    var matrix = products.value.scalars(as: Double.self)
    let variances = (0..<count).map { matrix[$0 * count + $0] }
    guard variances.contains(where: { $0 > 0 }) else { return coefficients = nil }
    // Quantities that never vary, such as the blur of a recipe without one, keep a coefficient of 0.
    for index in 0..<count { matrix[index * count + index] += variances[index] * ridge + 1e-9 }
    coefficients = withDevice(.cpu) {
      Tensor(matrix, shape: [count, count]).solving(for: moments.value).scalars()
    }
  }
}

/// The quantities of choices of views, from the parameters of all views.
struct ChoiceGeometry {
  private let plan: ViewPlan
  private let isLocal: [Bool]
  /// `[view][image]`.
  private let parameters: [[ViewParameters]]

  /// - Parameter parameters: What was drawn for every view of the space, `[view][image]`.
  init(_ parameters: [[ViewParameters]], in space: CandidateSpace) {
    plan = space.plan
    self.parameters = parameters
    isLocal = zip(space.plan.groups, space.poolSizes).flatMap { Array(repeating: $0.isLocal, count: $1) }
  }

  /// The number of images.
  var imageCount: Int { parameters[0].count }

  /// The sum over the pairs that the loss relates.
  func quantities(of choice: [Int], image: Int) -> [Double] {
    var sum = [Double](repeating: 0, count: PairGeometry.names.count)
    for (slot, first) in choice.enumerated() {
      for second in choice[(slot + 1)...] where !(isLocal[first] && isLocal[second]) {
        let pair = PairGeometry.features(parameters[first][image], parameters[second][image])
        for index in sum.indices { sum[index] += pair[index] }
      }
    }
    return sum
  }
}
