import Glibc
import Torch
import Views

/// Mixes the images of a batch with those of its reverse, and their targets, and smooths labels.
///
/// By mixup (Zhang et al. 2018, arXiv 1710.09412) or CutMix (Yun et al. 2019, arXiv 1905.04899), one of both for each batch.
struct Mixing {
  /// The α of mixup's Beta(α, α); 0 for none.
  var mixup: Double
  /// The α of CutMix's Beta(α, α); 0 for none.
  var cutMix: Double
  /// The share of each target that is spread over all classes.
  var smoothing: Double
  /// The number of classes.
  var classes: Int

  /// What is mixed into each image: a share of the whole image, or a box of it.
  enum Mix: Equatable {
    case none
    case blend(share: Double)
    case box(rows: Range<Int>, columns: Range<Int>)

    /// The share of the first image that remains, in images of `height` × `width`.
    func share(height: Int, width: Int) -> Double {
      switch self {
      case .none: 1
      case .blend(let share): share
      case .box(let rows, let columns): 1 - Double(rows.count * columns.count) / Double(height * width)
      }
    }
  }

  /// Draws what is done to a batch of images of `height` × `width`.
  func draw(height: Int, width: Int, using random: inout ViewRandom) -> Mix {
    guard mixup > 0 || cutMix > 0 else { return .none }
    let cuts = mixup <= 0 || (cutMix > 0 && random.uniform() < 0.5)
    let share = Self.beta(cuts ? cutMix : mixup, using: &random)
    guard cuts else { return .blend(share: share) }
    let side = (1 - share).squareRoot()
    func span(_ count: Int) -> Range<Int> {
      let (half, center) = (Int(Double(count) * side) / 2, random.integer(below: count))
      return max(0, center - half)..<min(count, center + half)
    }
    return .box(rows: span(height), columns: span(width))
  }

  /// Images `[images, channels, height, width]` mixed with those of the reverse order, and targets `[images, classes]`.
  func apply(_ mix: Mix, to images: Tensor, labels: [Int]) -> (images: Tensor, targets: Tensor) {
    let (height, width) = (images.shape[2], images.shape[3])
    let targets = smoothed(labels)
    if mix == .none { return (images, targets) }
    let reverse = Tensor(Array((0..<labels.count).reversed()))
    let share = mix.share(height: height, width: width)
    let mixedTargets = targets * share + targets.selecting(reverse) * (1 - share)
    let others = images.selecting(reverse)
    switch mix {
    case .none: return (images, targets)
    case .blend: return (images * share + others * (1 - share), mixedTargets)
    case .box(let rows, let columns):
      let mask = (0..<height * width).map { place -> Float in
        rows.contains(place / width) && columns.contains(place % width) ? 1 : 0
      }
      let isOther = Tensor(mask, shape: [1, 1, height, width]) .> 0.5
      return (images.replacing(where: isOther, with: others), mixedTargets)
    }
  }

  /// Targets of labels: 1 − s for the class, and s spread over all classes.
  private func smoothed(_ labels: [Int]) -> Tensor {
    Tensor(labels).oneHot(classes: classes).converted(to: .float32) * (1 - smoothing) + smoothing / Double(classes)
  }

  /// A number from Beta(α, α), by Jöhnk's method (1964), in logarithms so that small α do not underflow.
  static func beta(_ alpha: Double, using random: inout ViewRandom) -> Double {
    if alpha == 1 { return random.uniform() }
    while true {
      let first = log(1 - random.uniform()) / alpha
      let second = log(1 - random.uniform()) / alpha
      let largest = max(first, second)
      let sum = largest + log(exp(first - largest) + exp(second - largest))
      if sum <= 0 { return exp(first - sum) }
    }
  }
}
