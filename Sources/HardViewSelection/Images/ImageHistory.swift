import NeuralNetworks
import Objectives
import Torch

/// What steps have shown of the images, as far as later choices depend on it: nothing by default.
///
/// What a step leaves on the device is read when the next one begins.
final class ImageHistory {
  private let favored: FavoredImages
  private let ledger: ImageLedger?
  private let gain: HardnessGain?
  private var unread: [(losses: Tensor, images: [Int], selectedCount: Int)] = []
  private var unreadGains: [Tensor] = []

  init(_ selection: SelectionConfiguration, imageCount: Int) {
    favored = selection.favors
    ledger = favored == .any ? nil : ImageLedger(imageCount: imageCount)
    gain = selection.shareFollowsGain ? HardnessGain() : nil
  }

  /// What the share of images is multiplied by.
  var gainShare: Double {
    read()
    return gain?.share ?? 1
  }

  /// The places of a batch's images, favored ones first; nil where none are.
  func order(_ images: [Int], parts: Int) -> [Int]? {
    read()
    return ledger?.order(images, favoring: favored, parts: parts)
  }

  /// Takes the losses of a choice's images, `[batch]`; what other workers' images have shown is known to all.
  func record(_ losses: Tensor, of choice: Choice, in context: StepContext) {
    let workers = Workers.current
    if ledger != nil {
      let selected = choice.selectedCount
      unread.append(
        workers.count == 1
          ? (losses, context.draw.samples, selected)
          : Self.gathered(losses, of: context.draw.samples, selectedCount: selected, from: workers))
    }
    if gain != nil, let scores = choice.scores {
      unreadGains.append(withoutGradients { workers.mean((scores.chosen - scores.mean).mean()) })
    }
  }

  /// The losses of all workers' images; those with selected views come first, as the ledger compares them.
  private static func gathered(
    _ losses: Tensor, of images: [Int], selectedCount selected: Int, from workers: any Communicator
  ) -> (losses: Tensor, images: [Int], selectedCount: Int) {
    let order = [0..<selected, selected..<images.count].flatMap { places in
      (0..<workers.count).flatMap { worker in places.map { worker * images.count + $0 } }
    }
    let all = withoutGradients { workers.gathered(losses.detached()).selecting(Tensor(order)) }
    // Nothing to read where another worker is lost.
    let numbers = workers.gathered(Tensor(images)).scalars(as: Int.self)
    let allImages = numbers.count == order.count ? order.map { numbers[$0] } : []
    return (all, allImages, allImages.isEmpty ? 0 : selected * workers.count)
  }

  private func read() {
    for (losses, images, count) in unread { ledger?.record(losses.scalars(), of: images, selectedCount: count) }
    for value in unreadGains { gain?.record(value.number) }
    unread = []
    unreadGains = []
  }

  /// The state to save in order to continue exactly, alive.
  var tensors: [(name: String, value: Tensor)] {
    read()
    return (ledger?.tensors ?? []) + (gain?.tensors ?? [])
  }

  /// To be called after `tensors` were loaded.
  func restore() {
    ledger?.restore()
    gain?.restore()
  }
}
