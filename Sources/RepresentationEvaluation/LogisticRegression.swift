import Torch

/// Multinomial logistic regression with an L2 penalty, solved to its one optimum by L-BFGS.
///
/// Minimizes the mean cross-entropy + ‖weights‖² / (2 · `inverseRegularization` · images), which is scikit-learn's
/// `LogisticRegression(C=inverseRegularization)`; biases are not penalized. Everything is computed in double precision.
struct LogisticRegression {
  /// scikit-learn's C.
  var inverseRegularization: Double
  /// The largest magnitude of an element of the gradient at which the solver stops.
  var tolerance = 1e-8
  /// The largest number of steps of the solver.
  var maximumIterations = 500

  /// A linear map from features to scores.
  struct Classifier {
    /// `[classes, features + 1]`, float64; the last column holds the biases.
    var weights: Tensor

    /// Scores of features `[images, features]`: `[images, classes]`, float64.
    func scores(of features: Tensor) -> Tensor { features.withOnes().matmul(weights.transposed()) }
  }

  /// Fits features `[images, features]` to labels, each below `classes`.
  func fit(_ features: Tensor, labels: [Int], classes: Int) -> Classifier {
    withoutGradients {
      let objective = Objective(
        inputs: features.withOnes(), labels: labels, classes: classes,
        decay: 1 / (inverseRegularization * Double(labels.count)))
      let start = Tensor.zeros([classes, features.shape[1] + 1], dtype: .float64)
      return Classifier(weights: minimize(objective, from: start))
    }
  }

  /// L-BFGS with ten pairs and backtracking (Nocedal and Wright 2006, algorithms 7.4 and 3.1); the objective is convex.
  private func minimize(_ objective: Objective, from start: Tensor) -> Tensor {
    var point = start
    var (value, gradient) = objective.evaluate(at: point)
    var pairs: [(step: Tensor, change: Tensor, curvature: Double)] = []
    for _ in 0..<maximumIterations {
      guard gradient.magnitude().maximum(along: 0, 1).number > tolerance else { break }
      var direction = Self.direction(for: gradient, pairs)
      var slope = direction.dot(gradient)
      if slope >= 0 {
        pairs = []
        direction = -gradient
        slope = direction.dot(gradient)
      }
      var size = pairs.isEmpty ? min(1, 1 / (-slope).squareRoot()) : 1
      var (candidate, found) = (point + direction * size, objective.evaluate(at: point + direction * size))
      // Smaller steps than these are rounding errors: this is the optimum.
      while found.value > value + 1e-4 * size * slope, size > 1e-10 {
        size /= 2
        candidate = point + direction * size
        found = objective.evaluate(at: candidate)
      }
      guard found.value < value else { break }
      let (step, change) = (candidate - point, found.gradient - gradient)
      let curvature = step.dot(change)
      if curvature > 1e-12 * change.dot(change) { pairs.append((step, change, curvature)) }
      if pairs.count > 10 { pairs.removeFirst() }
      (point, value, gradient) = (candidate, found.value, found.gradient)
    }
    return point
  }

  /// Minus the approximate inverse Hessian times the gradient.
  private static func direction(
    for gradient: Tensor, _ pairs: [(step: Tensor, change: Tensor, curvature: Double)]
  ) -> Tensor {
    var direction = -gradient
    var factors: [Double] = []
    for pair in pairs.reversed() {
      let factor = pair.step.dot(direction) / pair.curvature
      direction = direction - pair.change * factor
      factors.append(factor)
    }
    if let last = pairs.last { direction = direction * (last.curvature / last.change.dot(last.change)) }
    for (pair, factor) in zip(pairs, factors.reversed()) {
      direction = direction + pair.step * (factor - pair.change.dot(direction) / pair.curvature)
    }
    return direction
  }

  /// What is minimized.
  private struct Objective {
    let inputs: Tensor
    let targets: Tensor
    /// The penalty of each column of the weights, `[1, features + 1]`: 0 for the biases.
    let penalty: Tensor

    init(inputs: Tensor, labels: [Int], classes: Int, decay: Double) {
      self.inputs = inputs
      targets = Tensor(labels).oneHot(classes: classes).converted(to: .float64)
      let width = inputs.shape[1]
      penalty = Tensor(Array(repeating: decay, count: width - 1) + [0], shape: [1, width])
    }

    func evaluate(at weights: Tensor) -> (value: Double, gradient: Tensor) {
      let logProbabilities = inputs.matmul(weights.transposed()).logSoftmax()
      let count = Double(inputs.shape[0])
      let pull = weights * penalty
      let value = -logProbabilities.dot(targets) / count + weights.dot(pull) / 2
      let errors = (logProbabilities.exponential() - targets) / count
      return (value, errors.transposed().matmul(inputs) + pull)
    }
  }
}

extension Tensor {
  /// The sum of products of all elements.
  fileprivate func dot(_ other: Tensor) -> Double { (self * other).sum().number }

  /// Rows in double precision with a one at their end.
  fileprivate func withOnes() -> Tensor {
    .concatenated([converted(to: .float64), .ones([shape[0], 1], dtype: .float64)], along: 1)
  }
}
