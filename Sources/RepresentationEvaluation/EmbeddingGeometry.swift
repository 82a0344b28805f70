import Foundation
import Torch

/// How features of images lie on the unit sphere, and where those of their other views are: what can be measured without
/// labels.
public struct EmbeddingGeometry: Sendable, Equatable {
  /// Effective rank of the features of the images, from 1 (all on a line) to the smaller of their number and width.
  public var rank: Double
  /// Mean squared distance of an image's two views, 0 (the same) to 4 (Wang and Isola 2020, arXiv 2005.10242, α = 2).
  public var alignment: Double
  /// Logarithm of the mean of exp(−2 d²) over the distances d of different images, 0 (all in a point) to about −4
  /// (spread evenly; Wang and Isola 2020, t = 2).
  public var uniformity: Double
  /// Share of the images that are the nearest of all images to their own other view; by chance 1 / images.
  public var retrieval: Double

  /// Measures two views of the same images.
  ///
  /// - Parameters:
  ///   - features: `[images, features]`, at least two images.
  ///   - others: The same images' other views, `[images, features]`.
  /// - Throws: `TorchError` when memory runs out.
  public init(of features: Tensor, others: Tensor) throws {
    precondition(
      features.shape == others.shape && features.shape[0] > 1, "views \(features.shape) and \(others.shape) of images")
    self = try throwingExhaustion {
      withoutGradients { Self(unit: features.normalized(), others: others.normalized()) }
    }
  }

  private init(unit features: Tensor, others: Tensor) {
    let count = features.shape[0]
    let difference = features - others
    alignment = (difference * difference).sum(along: 1).mean().number
    rank = Self.effectiveRank(of: features)
    let bank = features.transposed()
    let chunk = 512
    var (kernels, found) = (0.0, 0.0)
    for start in stride(from: 0, to: count, by: chunk) {
      let size = min(chunk, count - start)
      func rows(_ table: Tensor) -> Tensor { table.narrowed(along: 0, from: start, count: size) }
      // Of two vectors of length one, d² = 2 − 2 u · v.
      let cosines = rows(features).matmul(bank).replacingDiagonal(from: start, with: -.infinity)
      kernels += (cosines * 4.0 - 4.0).exponential().sum().number
      let nearest = rows(others).matmul(bank).argmax(along: 1)
      found += (nearest .== (Tensor.range(size) + start)).converted(to: .float32).sum().number
    }
    uniformity = log(kernels / (Double(count) * Double(count - 1)))
    retrieval = found / Double(count)
  }

  /// Effective rank of rows: the exponential of the entropy of the normalized singular values (RankMe, arXiv 2210.02885);
  /// NaN where one of them is not finite.
  ///
  /// 1 when all rows lie on a line through the origin.
  public static func effectiveRank(of rows: Tensor) -> Double {
    // On the CPU, which has a better singular value decomposition for so small a matrix.
    let rows = withoutGradients { rows.detached().moved(to: .cpu).converted(to: .float32) }
    guard rows.isFinite().converted(to: .float32).mean().number == 1 else { return .nan }
    let values = rows.singularValues().scalars(as: Double.self)
    let total = values.reduce(0, +)
    guard total > 0 else { return 1 }
    let shares = values.map { $0 / total }.filter { $0 > 0 }
    let entropy = shares.reduce(0.0) { $0 - $1 * log($1) }
    return exp(entropy)
  }
}
