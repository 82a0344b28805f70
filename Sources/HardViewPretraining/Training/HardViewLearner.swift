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
  /// What gradients flow to.
  private let leaves: [Tensor]
  private let frozenEncoderEpochs: Int
  private let dtype: DType
  /// The equal parts in which a batch goes through the networks.
  private let accumulation: Int
  private var clock: StageClock { selection.clock }

  /// Combines the parts.
  ///
  /// - Parameters:
  ///   - method: The networks and their loss.
  ///   - selection: Chooses the views.
  ///   - optimizer: Moves the weights.
  ///   - frozenEncoderEpochs: Epochs at the beginning in which backbones stay as they are and heads alone train.
  ///   - accumulation: The equal parts in which a batch goes through the networks, one after the other.
  ///   - dtype: What convolutions and matrix products compute in.
  public init(
    _ method: Method, selection: ViewSelection, optimizer: ScheduledOptimizer, frozenEncoderEpochs: Int = 0,
    accumulation: Int = 1, dtype: DType = .float32
  ) {
    self.method = method
    self.selection = selection
    self.optimizer = optimizer
    leaves = optimizer.parameters.map(\.value)
    self.frozenEncoderEpochs = frozenEncoderEpochs
    self.accumulation = accumulation
    self.dtype = dtype
    scaler = dtype == .float16 ? LossScaler() : nil
  }

  /// Chooses from a batch's views and trains on the choice, part by part; weights move once.
  ///
  /// The first part alone is audited, and calibrated on.
  public func step(on batch: ViewBatch, in context: StepContext) throws -> TrainingStep {
    try withFrozenBackbones(context.position.epoch < frozenEncoderEpochs) {
      var gradients = AccumulatedGradients<Method.Encoding>(parts: accumulation)
      var taken: TrainingStep?
      let (batch, context) = selection.arranged(batch, in: context, parts: accumulation)
      for (part, partContext) in zip(batch.split(into: accumulation), context.split(into: accumulation)) {
        let choice =
          gradients.isEmpty
          ? try selection.choose(from: part, for: method, in: partContext)
          : try selection.choose(from: part, for: method, in: partContext, audits: false)
        try timed(at: context.position) {
          try accumulate(&gradients, from: choice, in: partContext)
          if gradients.isComplete { taken = try update(by: gradients, in: context) }
        }
      }
      var step = taken!
      (step.captured, step.calibration) = (selection.captured, selection.calibration)
      step.loading = batch.times
      return step
    }
  }

  /// Takes one step on chosen views, all at once.
  ///
  /// Where the loss, or in float16 a gradient, is NaN or infinite, weights, the optimizer's memory and buffers of the
  /// method stay as they are, which is decided on the device; running statistics move in the forward pass.
  public func train(on choice: Choice, in context: StepContext) throws -> TrainingStep {
    var gradients = AccumulatedGradients<Method.Encoding>(parts: 1)
    try accumulate(&gradients, from: choice, in: context)
    return try update(by: gradients, in: context)
  }

  /// Adds the gradients of one part's views, divided by the number of parts.
  private func accumulate(
    _ gradients: inout AccumulatedGradients<Method.Encoding>, from choice: Choice, in context: StepContext
  ) throws {
    try throwingExhaustion {
      clock.during(.training) {
        let encodings = withAutocast(to: dtype) { method.encode(choice.views, for: .training) }
        let losses = selection.losses(of: encodings, method, in: context)
        selection.record(losses.detached(), of: choice, in: context)
        var loss = losses.mean()
        if let common = method.batchLoss(encodings, in: context) { loss = loss + common }
        let share = gradients.parts == 1 ? loss : loss / Double(gradients.parts)
        let isLast = gradients.losses.count + 1 == gradients.parts
        let workers: any Communicator = isLast ? Workers.current : SingleWorker()
        workers.averagingGradients(of: leaves) {
          (scaler?.scaled(share) ?? share).backward()
        }
        gradients.losses.append(loss.detached())
        gradients.embeddings.append(method.embedding(encodings[0]).detached())
        gradients.choices.append(choice.withoutViews)
        gradients.encodings = gradients.encodings.map { method.joined($0, with: encodings) } ?? encodings
      }
    }
  }

  /// Moves weights, teacher and center by the gradients of all parts.
  private func update(
    by gradients: AccumulatedGradients<Method.Encoding>, in context: StepContext
  ) throws -> TrainingStep {
    try throwingExhaustion {
      clock.during(.training) {
        let loss = Workers.current.mean(
          gradients.parts == 1 ? gradients.losses[0] : Tensor.stacked(gradients.losses).mean())
        let isFinite = loss.isFinite()
        let isInRange = scaler?.unscale(optimizer.gradients)
        let isSound = isInRange.map { $0 * isFinite } ?? isFinite
        optimizer.step(at: context.position, where: isSound)
        withUpdates(where: isSound) {
          withoutGradients { method.didStep(gradients.encodings ?? [], in: context) }
        }
        return TrainingStep(
          context: context, loss: loss, isFinite: isFinite,
          overflowed: isInRange.map { $0.converted(to: .float32) .< 0.5 },
          embedding: gradients.parts == 1 ? gradients.embeddings[0] : .concatenated(gradients.embeddings),
          choices: gradients.choices)
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
      ("model", ModulePart(method)), ("optimizer", OptimizerPart(optimizer)),
      ("selection", selection),
    ]
    guard let scaler else { return parts }
    return parts + [("loss_scaler", BufferPart { scaler.state })]
  }
}

/// What the parts of a batch have left until weights move.
private struct AccumulatedGradients<Encoding> {
  let parts: Int
  var losses: [Tensor] = []
  var embeddings: [Tensor] = []
  var choices: [Choice] = []
  /// Of all parts so far, as the method joins them; nil before the first.
  var encodings: [Encoding]?

  init(parts: Int) {
    self.parts = parts
  }

  var isEmpty: Bool { losses.isEmpty }
  var isComplete: Bool { losses.count == parts }
}
