import NeuralNetworks
import Torch

/// How hard each image has been so far, compared with the others of its batches.
///
/// Images whose views were selected are compared among themselves, and so are those with random views: hard views raise
/// the loss of any image.
final class ImageLedger {
  /// For each image of the dataset a running mean of its loss, in standard deviations from the mean of its batch; 0
  /// before the first.
  private var standings: [Float]
  /// The same where checkpoints find it.
  private let saved: Buffer
  /// What the latest losses count for.
  private let share: Float = 0.5

  /// Knows nothing yet; grows where an image has a higher number.
  init(imageCount: Int) {
    standings = [Float](repeating: 0, count: imageCount)
    saved = withDevice(.cpu) { Buffer(.zeros([imageCount])) }
  }

  /// Takes the losses of a batch.
  ///
  /// - Parameters:
  ///   - losses: One for each image.
  ///   - images: Their numbers in the dataset.
  ///   - selectedCount: How many of them, at the beginning, trained on selected views.
  func record(_ losses: [Float], of images: [Int], selectedCount: Int) {
    if let last = images.max(), last >= standings.count {
      standings += [Float](repeating: 0, count: last + 1 - standings.count)
    }
    for alike in [0..<selectedCount, selectedCount..<images.count] {
      let finite = alike.filter { losses[$0].isFinite }
      guard finite.count > 1 else { continue }
      let mean = finite.reduce(0) { $0 + losses[$1] } / Float(finite.count)
      let variance = finite.reduce(0) { $0 + (losses[$1] - mean) * (losses[$1] - mean) } / Float(finite.count)
      guard variance > 0 else { continue }
      for place in finite {
        standings[images[place]] += share * ((losses[place] - mean) / variance.squareRoot() - standings[images[place]])
      }
    }
  }

  /// The places of a batch's images, favored ones first in each of its parts.
  ///
  /// - Parameters:
  ///   - images: Their numbers in the dataset.
  ///   - parts: The equal parts in which the batch is trained on, each of which has its share of favored images.
  func order(_ images: [Int], favoring favored: FavoredImages, parts: Int) -> [Int] {
    let sign: Float = favored == .hardest ? -1 : 1
    let keys = images.map { $0 < standings.count ? sign * standings[$0] : 0 }
    // Equals stay in the order of the batch, which is random.
    let sorted = images.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
    return (0..<parts).flatMap { part in stride(from: part, to: sorted.count, by: parts).map { sorted[$0] } }
  }

  /// The state to save in order to continue exactly, alive.
  var tensors: [(name: String, value: Tensor)] {
    guard saved.value.elementCount > 0 else { return [] }
    withoutGradients { saved.value.copyInPlace(from: withDevice(.cpu) { Tensor(standings) }) }
    return [("standings", saved.value)]
  }

  /// To be called after `tensors` were loaded.
  func restore() {
    if saved.value.elementCount > 0 { standings = saved.value.scalars(as: Float.self) }
  }
}
