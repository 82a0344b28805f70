import Foundation
import Torch

/// Places for images in a plane, so that a person can see how an encoder groups them.
public enum EmbeddingMap {
  /// The two directions in which features vary most.
  public struct PrincipalComponents {
    /// Where each row lies along them, `[rows, 2]`.
    public let places: Tensor
    /// The shares of all variance that lie along them.
    public let shares: [Double]
  }

  /// The first two principal components of rows, `[rows, features]`, at least two of each.
  /// - Throws: `TorchError` when memory runs out.
  public static func principalComponents(of rows: Tensor) throws -> PrincipalComponents {
    precondition(rows.rank == 2 && rows.shape[0] > 1 && rows.shape[1] > 1, "components of \(rows.shape)")
    return try onCPU {
      let rows = rows.converted(to: .float64)
      let centered = rows - rows.mean(along: 0, keepingDimensions: true)
      let covariance = centered.transposed().matmul(centered)
      let total = (centered * centered).sum().number
      // Orthogonal iteration: the matrix is applied until the two directions stay.
      var axes = Tensor.normal([rows.shape[1], 2], using: Generator(seed: 0)).converted(to: .float64)
      for _ in 0..<300 { axes = orthonormal(covariance.matmul(axes)) }
      let places = centered.matmul(axes)
      let variances = (places * places).sum(along: 0).scalars(as: Double.self)
      return PrincipalComponents(places: places, shares: variances.map { total > 0 ? $0 / total : 0 })
    }
  }

  /// Places where rows that are neighbors by cosine lie near one another: t-SNE (van der Maaten and Hinton 2008), exactly.
  ///
  /// Begins with the principal components, so that nothing is drawn at random. Distances between groups, and how large they
  /// are, mean little.
  /// - Parameters:
  ///   - rows: `[rows, features]`, at least four rows; time and memory grow with their square.
  ///   - perplexity: About how many neighbors count; less than a third of the rows.
  ///   - steps: Steps of gradient descent.
  /// - Returns: `[rows, 2]`.
  /// - Throws: `TorchError` when memory runs out.
  public static func neighborEmbedding(of rows: Tensor, perplexity: Double = 15, steps: Int = 500) throws -> Tensor {
    let count = rows.shape[0]
    precondition(count > 3, "a map of \(count) images")
    let start = try principalComponents(of: rows.normalized()).places
    return try onCPU {
      let joint = jointProbabilities(of: rows, perplexity: min(perplexity, Double(count - 1) / 3))
      let spread = (start * start).mean(along: 0, keepingDimensions: true).squareRoot() + 1e-12
      var places = start / spread * 1e-4
      var velocity = places * 0.0
      var gains = places * 0.0 + 1.0
      let rate = max(Double(count) / 48, 50)
      for step in 0..<steps {
        let isEarly = step < steps / 4
        let gradient = gradient(of: joint * (isEarly ? 12.0 : 1.0), at: places)
        // Steps grow where the gradient keeps its sign.
        let agrees = (gradient * velocity) .< 0
        gains = (gains * 0.8).replacing(where: agrees, with: gains + 0.2)
        gains = gains.replacing(where: gains .< 0.01, with: 0.01)
        velocity = velocity * (isEarly ? 0.5 : 0.8) - gradient * gains * rate
        places = places + velocity
        places = places - places.mean(along: 0, keepingDimensions: true)
      }
      return places
    }
  }

  /// How likely each pair is to be neighbors, `[rows, rows]`; all add up to 1.
  static func jointProbabilities(of rows: Tensor, perplexity: Double) -> Tensor {
    let count = rows.shape[0]
    let unit = rows.converted(to: .float64).normalized()
    let cosines = unit.matmul(unit.transposed())
    let distances = (cosines * -2.0 + 2.0).replacingDiagonal(from: 0, with: .infinity)
    // Logarithms of shares, as far down as exponentials of them are numbers.
    func conditional(_ precisions: Tensor) -> Tensor {
      (distances * precisions * -1.0).logSoftmax(along: 1).clamped(from: -700)
    }
    // For each row the precision whose neighbors have this perplexity, between e⁻¹⁰ and e²⁰.
    var low = Tensor.zeros([count, 1]).converted(to: .float64) - 10.0
    var high = low + 30.0
    for _ in 0..<50 {
      let middle = (low + high) * 0.5
      let logarithms = conditional(middle.exponential())
      let isWide = (logarithms.exponential() * logarithms).sum(along: 1, keepingDimensions: true) .< -log(perplexity)
      low = low.replacing(where: isWide, with: middle)
      high = middle.replacing(where: isWide, with: high)
    }
    let shares = conditional(((low + high) * 0.5).exponential()).exponential()
    return (shares + shares.transposed()) / (2 * Double(count))
  }

  /// Of the divergence of neighbors in the plane from those of the rows.
  private static func gradient(of joint: Tensor, at places: Tensor) -> Tensor {
    let squares = (places * places).sum(along: 1, keepingDimensions: true)
    let distances = squares + squares.transposed() - places.matmul(places.transposed()) * 2.0
    let kernel = (1.0 / (distances + 1.0)).replacingDiagonal(from: 0, with: 0)
    let weights = (joint - kernel / kernel.sum()) * kernel
    return (places * weights.sum(along: 1, keepingDimensions: true) - weights.matmul(places)) * 4.0
  }

  /// Two columns at a right angle, of length one.
  private static func orthonormal(_ axes: Tensor) -> Tensor {
    func column(_ number: Int) -> Tensor { axes.narrowed(along: 1, from: number, count: 1) }
    func unit(_ column: Tensor) -> Tensor { column / ((column * column).sum().squareRoot() + 1e-300) }
    let first = unit(column(0))
    let rest = column(1) - first * (first * column(1)).sum()
    return .concatenated([first, unit(rest)], along: 1)
  }

  private static func onCPU<Result>(_ body: () -> Result) throws -> Result {
    try throwingExhaustion { withDevice(.cpu) { withoutGradients(body) } }
  }
}
