import HardViewSelection
import ImageData
import NeuralNetworks
import Objectives
import Optimization
import Torch

/// Hard-view pretraining of any method: chooses the hardest views with the current weights, then trains on them.
///
/// Algorithm 1 of the paper. Generic over the method and mentions none.
public final class HardViewLearner<Method: SelfSupervisedMethod>: Learner {
  /// The networks and their loss.
  public let method: Method
  /// Chooses the views.
  public let selection: ViewSelection
  /// Moves the weights.
  public let optimizer: ScheduledOptimizer
  /// Keeps gradients within range where networks compute in float16; else nil.
  let scaler: LossScaler?
  private let frozenEncoderEpochs: Int
  private let dtype: DType
  private var clock: StageClock { selection.clock }

  /// Combines the parts.
  ///
  /// - Parameters:
  ///   - method: The networks and their loss.
  ///   - selection: Chooses the views.
  ///   - optimizer: Moves the weights.
  ///   - frozenEncoderEpochs: Epochs at the beginning in which backbones stay as they are and heads alone train.
  ///   - dtype: What convolutions and matrix products compute in.
  public init(
    _ method: Method, selection: ViewSelection, optimizer: ScheduledOptimizer, frozenEncoderEpochs: Int = 0,
    dtype: DType = .float32
  ) {
    self.method = method
    self.selection = selection
    self.optimizer = optimizer
    self.frozenEncoderEpochs = frozenEncoderEpochs
    self.dtype = dtype
    scaler = dtype == .float16 ? LossScaler() : nil
  }

  /// Chooses from a batch's views and trains on the choice.
  public func step(on batch: ViewBatch, in context: StepContext) throws -> TrainingStep {
    try withFrozenBackbones(context.position.epoch < frozenEncoderEpochs) {
      let choice = try selection.choose(from: batch, for: method, in: context)
      var step = try timed(at: context.position) { try train(on: choice, in: context) }
      (step.captured, step.calibration) = (selection.captured, selection.calibration)
      step.loading = batch.times
      return step
    }
  }

  /// Takes one step on chosen views.
  ///
  /// Where the loss, or in float16 a gradient, is NaN or infinite, weights, the optimizer's memory and buffers of the
  /// method stay as they are, which is decided on the device; running statistics move in the forward pass.
  public func train(on choice: Choice, in context: StepContext) throws -> TrainingStep {
    try throwingExhaustion {
      clock.during(.training) {
        let encodings = withAutocast(to: dtype) { method.encode(choice.views, for: .training) }
        let loss = selection.losses(of: encodings, method, in: context).mean()
        (scaler?.scaled(loss) ?? loss).backward()
        context.communicator.average(optimizer.gradients)
        let isFinite = loss.detached().isFinite()
        let isInRange = scaler?.unscale(optimizer.gradients)
        let isSound = isInRange.map { $0 * isFinite } ?? isFinite
        optimizer.step(at: context.position, where: isSound)
        withUpdates(where: isSound) { withoutGradients { method.didStep(encodings, in: context) } }
        return TrainingStep(
          context: context, loss: loss.detached(), isFinite: isFinite,
          overflowed: isInRange.map { $0.converted(to: .float32) .< 0.5 },
          embedding: method.embedding(encodings[0]).detached(), choice: choice.withoutViews)
      }
    }
  }

  /// Tells the selection how long training took, where it wants to know.
  private func timed<Result>(at position: TrainingProgress, _ body: () throws -> Result) rethrows -> Result {
    guard selection.wantsDuration(at: position) else { return try body() }
    Engine.synchronize()
    let start = ContinuousClock.now
    let result = try body()
    Engine.synchronize()
    selection.trained(for: (ContinuousClock.now - start) / .seconds(1))
    return result
  }

  /// Weights, statistics, the optimizer's memory, and what selection has learned.
  public var parts: [(name: String, part: any TrainingPart)] {
    let parts: [(String, any TrainingPart)] = [
      ("model", ModulePart(method)), ("optimizer", BufferPart { [optimizer] in optimizer.state }),
      ("selection", selection),
    ]
    guard let scaler else { return parts }
    return parts + [("loss_scaler", BufferPart { scaler.state })]
  }
}
