import HardViewSelection
import ImageData
import NeuralNetworks
import Objectives
import Optimization
import Torch

/// What one step did.
///
/// Values stay on the device until they are read.
public struct TrainingStep {
  /// Where training was, and what identifies the batch.
  public let context: StepContext
  /// The training loss, a scalar.
  public let loss: Tensor
  /// Whether the loss was finite, a boolean scalar; where it was not, the step was left out.
  public let isFinite: Tensor
  /// Whether gradients overflowed in float16, so that the step was left out, a boolean scalar; nil in other precisions.
  public let overflowed: Tensor?
  /// The embedding in which collapse shows, `[batch, width]`.
  public let embedding: Tensor
  /// Which views were trained on, without their pixels: a choice for each part in which the batch went through
  /// (`training.accumulation`), in order; empty where nothing was chosen.
  public let choices: [Choice]
  /// How much hardness the choice captured; nil at steps without an audit.
  public var captured: CapturedHardness?
  /// The result of a calibration that ended with this step; nil where none did.
  public var calibration: SelectionRecord?
  /// Where the loader's time went.
  public var loading = LoadingTimes()
}

/// Something that learns from batches: what a `Trainer` drives.
public protocol Learner: AnyObject {
  /// Learns from a batch. Asks the device for its work, and waits only where a result decides what is asked for next.
  /// - Throws: `TorchError` when memory runs out.
  func step(on batch: ViewBatch, in context: StepContext) throws -> TrainingStep
  /// What a checkpoint must save, by name.
  var parts: [(name: String, part: any TrainingPart)] { get }
}

/// Looks at every step of a training, in order, after it was taken; decides itself when there is something to do.
///
/// A `RecordError` that it throws is a warning: training goes on, and the observer tries again (`StepLog` does). Other
/// errors end training.
///
/// Reading a value of the step waits for the device, so observers read seldom.
public protocol TrainingObserver: TrainingPart {
  /// Goes on in a run that was interrupted, or that goes back to an earlier checkpoint: drops what was recorded after
  /// `position`. Nothing by default.
  func resume(at position: TrainingProgress) throws
  /// Looks at a step; `position` is where training goes on.
  func observe(_ step: TrainingStep, at position: TrainingProgress) throws
  /// Writes down what is still kept, before a checkpoint. Nothing by default.
  func finish(at position: TrainingProgress) throws
}

extension TrainingObserver {
  /// Nothing was recorded.
  public func resume(at position: TrainingProgress) throws {}
  /// Nothing is kept.
  public func finish(at position: TrainingProgress) throws {}
}

/// Where remarks of a training go.
public final class TrainingEvents {
  /// The receiver of events.
  public var handler: (PretrainingEvent) -> Void = { _ in }

  /// Tells nobody yet.
  public init() {}

  /// Tells whoever watches.
  public func send(_ event: PretrainingEvent) { handler(event) }
}

/// The events of a run.
public enum PretrainingEvent: Sendable {
  /// A step ended; the loss is the latest that is known, on a GPU that of a few steps ago.
  case step(TrainingProgress, loss: Double, imagesPerSecond: Double, secondsLeft: Double)
  /// An epoch ended; the last line of metrics.
  case epoch(TrainingProgress, MetricsRecord)
  /// The encoder was measured; also in a line for people.
  case signal(OnlineSignal, String)
  /// Something was decided that a person may want to know.
  case note(String)
  /// Something went wrong that training goes on in spite of.
  case warning(String)
}

/// How a run ended.
public enum PretrainingOutcome: Sendable, Equatable {
  /// Every epoch is done.
  case finished
  /// It was asked to stop, and wrote a checkpoint first.
  case interrupted
  /// There was a reason to end before the last epoch, and a checkpoint was written first.
  case stoppedEarly(String)
}
