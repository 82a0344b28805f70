import Foundation
import NeuralNetworks
import Optimization
import Torch
import Views

/// The loss is no number any more.
public struct NonFiniteLossError: Error, CustomStringConvertible {
  /// The epoch, from 0.
  public let epoch: Int
  /// The step within the epoch, from 0.
  public let step: Int
  /// The loss.
  public let loss: Double

  /// One paragraph: where it happened, what is safe, what to try.
  public var description: String {
    "The loss became \(loss) in epoch \(epoch + 1), step \(step + 1). No weight was changed by this step and the last "
      + "checkpoint is good. Try a lower optimizer.learning_rate, a warm-up (optimizer.schedule.warmup_epochs), "
      + "optimizer.clipping.kind=global, precision=fp32, or views that are less hard (selection.overlap_floor=0.1, "
      + "selection.share.start=0). With safety.non_finite_loss=warn such steps are left out."
  }
}

/// What one step did.
public struct StepReport: Sendable {
  /// The training loss.
  public var loss: Double
  /// For each slot and image the number of the trained view in the pool; nil when all images took the first ones.
  public var slots: [[Int]]?
  /// The scores that decided; nil when none were computed.
  public var scores: ViewScores?
  /// The share of the images whose views were to be selected.
  public var selectionShare: Double
  /// How every view of the pool was made, `[view][image]`; empty when the pool did not say.
  public var parameters: [[ViewParameters]] = []
  /// How much hardness the selection captured; nil at steps without an audit.
  public var captured: CapturedHardness?
  /// Whether gradients overflowed, so that no weight changed; nil unless networks compute in float16.
  public var overflowed: Bool?
  /// What collapse shows in, `[batch, width]`.
  public var embedding: Tensor
  /// Seconds spent selecting.
  public var selectionSeconds: Double
  /// Seconds spent on the trained views: forward, backward, update.
  public var trainingSeconds: Double
}

/// The step of pretraining: select, encode, mean, backward, update.
///
/// Generic over the method and mentions none.
public final class Pretrainer<Method: SelfSupervisedMethod> {
  /// The networks and their loss.
  public let method: Method
  /// How the trained views are chosen.
  public var hardViews: HardViews
  /// Moves the weights.
  public let optimizer: ScheduledOptimizer
  /// Scales the loss where networks compute in float16; else nil.
  let scaler: LossScaler?
  private let dtype: DType

  /// Combines the parts; `dtype` is what convolutions and matrix products compute in.
  public init(_ method: Method, hardViews: HardViews, optimizer: ScheduledOptimizer, dtype: DType = .float32) {
    self.method = method
    self.hardViews = hardViews
    self.optimizer = optimizer
    self.dtype = dtype
    scaler = dtype == .float16 ? LossScaler() : nil
  }

  /// Selects from a pool of candidate views and takes one optimizer step on the selection.
  /// - Throws: `NonFiniteLossError` and `MissingBoxesError` before any weight changes; `TorchError` when memory runs out.
  public func step(
    on pool: ViewPool, in space: CandidateSpace, at progress: TrainingProgress, draw: SelectionDraw
  ) throws -> StepReport {
    try train(on: select(from: pool, in: space, at: progress, draw: draw), at: progress)
  }

  /// Selects from a pool of candidate views; changes no weight.
  public func select(
    from pool: ViewPool, in space: CandidateSpace, at progress: TrainingProgress, draw: SelectionDraw
  ) throws -> TimedSelection {
    try throwingExhaustion {
      let start = ContinuousClock.now
      let selection = try hardViews.select(from: pool, in: space, for: method, at: progress, draw: draw)
      return TimedSelection(
        selection: selection, slots: selection.slots?.rows(), seconds: seconds(ContinuousClock.now - start))
    }
  }

  /// Takes one optimizer step on selected views.
  public func train(on selected: TimedSelection, at progress: TrainingProgress) throws -> StepReport {
    try throwingExhaustion {
      let start = ContinuousClock.now
      let selection = selected.selection
      let (loss, encodings) = backward(through: selection.views, at: progress)
      // Read only now, so that a GPU has the backward pass to do meanwhile.
      let value = loss.number
      guard value.isFinite else {
        optimizer.forgetGradients()
        throw NonFiniteLossError(epoch: progress.epoch, step: progress.stepInEpoch, loss: value)
      }
      let overflowed = scaler.map { !$0.unscale(optimizer.gradients) }
      if overflowed == true { optimizer.forgetGradients() } else { update(after: encodings, at: progress) }
      return StepReport(
        loss: value, slots: selected.slots, scores: selection.scores, selectionShare: selection.share,
        overflowed: overflowed, embedding: method.embedding(encodings[0]).detached(),
        selectionSeconds: selected.seconds,
        trainingSeconds: seconds(ContinuousClock.now - start))
    }
  }

  /// Encodes views and leaves the gradients of their mean loss, scaled where it is, in the parameters; waits for no
  /// result.
  func backward(through views: [View], at progress: TrainingProgress) -> (loss: Tensor, encodings: [Method.Encoding]) {
    let encodings = withAutocast(to: dtype) { method.encode(views, in: .train, jointly: false) }
    let losses =
      hardViews.pairing?.losses(encodings, of: method, at: progress) ?? method.sampleLosses(encodings, at: progress)
    let loss = losses.mean()
    (scaler?.scaled(loss) ?? loss).backward()
    return (loss, encodings)
  }

  /// Moves the weights along their gradients, and what the method keeps beside them; waits for no result.
  func update(after encodings: [Method.Encoding], at progress: TrainingProgress) {
    optimizer.step(at: progress)
    withoutGradients { method.didStep(encodings, at: progress) }
  }
}

/// What was selected for a step, and how long that took.
public struct TimedSelection {
  /// The views and where they come from.
  public var selection: Selection
  /// For each slot and image the number of the chosen view in the pool; nil when all images take the first ones.
  public var slots: [[Int]]?
  /// Seconds spent selecting.
  public var seconds: Double
}

func seconds(_ duration: Duration) -> Double {
  Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
}
