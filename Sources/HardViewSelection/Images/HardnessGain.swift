import NeuralNetworks
import Torch

/// How much harder than random ones the chosen views are, and how that compares with the most it has been.
final class HardnessGain {
  /// The batches seen, the mean over the latest of them, and its largest value.
  private let state = withDevice(.cpu) { Buffer(.zeros([3], dtype: .float64)) }
  private var (batches, average, peak) = (0.0, 0.0, 0.0)
  /// Batches that the mean goes back, roughly.
  private let horizon = 50.0

  /// The present gain as a share of its peak; 1 while too little is known, and never below a tenth, since images that
  /// are not scored show no gain.
  var share: Double { peak > 0 ? max(average / peak, 0.1) : 1 }

  /// Takes what a batch's choices gained: the mean of their scores less that of random choices.
  func record(_ gain: Double) {
    guard gain.isFinite else { return }
    batches += 1
    average += (gain - average) / min(batches, horizon)
    // The first batches scatter, and a young network's losses are not yet those of its method.
    if batches >= horizon { peak = max(peak, average) }
  }

  /// The state to save in order to continue exactly, alive.
  var tensors: [(name: String, value: Tensor)] {
    withoutGradients { state.value.copyInPlace(from: withDevice(.cpu) { Tensor([batches, average, peak]) }) }
    return [("gain", state.value)]
  }

  /// To be called after `tensors` were loaded.
  func restore() {
    let saved = state.value.scalars(as: Double.self)
    (batches, average, peak) = (saved[0], saved[1], saved[2])
  }
}
