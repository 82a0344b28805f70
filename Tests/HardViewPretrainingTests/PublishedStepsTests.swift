import Checkpoints
import HardViewPretraining
import HardViewSelection
import NeuralNetworks
import Objectives
import Optimization
import TestSupport
import Testing
import Torch

/// Twenty steps of the published procedure in PyTorch, from the same weights on the same views.
@Suite struct PublishedStepsTests {
  let fixture: Checkpoint
  let method: SimSiam
  let backbone: BackboneConfiguration

  init() throws {
    fixture = try Fixtures.open("methods/simsiam-steps.safetensors")
    var configuration = SimSiam.Configuration()
    (configuration.projectorLayers, configuration.projectorHidden) = (2, 32)
    (configuration.projectorOutput, configuration.predictorHidden) = (32, 16)
    var backbone = BackboneConfiguration()
    (backbone.name, backbone.stem, backbone.width, backbone.channels) = (.resnet18, .cifar, 8, 1)
    self.backbone = backbone
    method = SimSiam(
      configuration, backbone: { backbone.makeBackbone(role: $0, using: Generator(seed: 0)) },
      using: Generator(seed: 0))
    try fixture.load(
      into: StateDictionary(of: method, prefix: "initial."), where: { $0.hasPrefix("initial.") })
  }

  /// The views of a step, `[views, images, height, width, channels]`, as the network takes them.
  private func views(ofStep step: Int) throws -> Tensor {
    let pixels = try fixture.tensor("views").narrowed(along: 0, from: step, count: 1).converted(to: .float32)
    let shape = Array(pixels.shape.dropFirst())
    return ((pixels / 255 - 0.286) / 0.353).reshaped(shape).permuted([0, 1, 3, 4, 2]).contiguous()
  }

  @Test(arguments: [SelectionPolicy.none, .hardest])
  func lossesChoicesAndWeightsAreTheReferences(policy: SelectionPolicy) throws {
    var optimization = OptimizerConfiguration()
    (optimization.learningRate, optimization.weightDecay) = (0.02, 5e-4)
    var selection = SelectionConfiguration()
    (selection.policy, selection.candidates) = (policy, policy == .none ? 2 : 4)
    let setting = SelectionSetting(
      plan: .pair, recipes: [], backbone: backbone, threads: 1, dtype: .float32)
    let learner = HardViewLearner(
      method, selection: try ViewSelection(selection, setting),
      optimizer: ScheduledOptimizer(optimization, groups: method.parameterGroups, batchSize: 256))

    let name = policy == .none ? "none" : "hardest"
    let losses = try fixture.tensor("\(name).losses").scalars(as: Double.self)
    let choices = try fixture.tensor("\(name).choices").scalars(as: Int.self)
    for step in 0..<losses.count {
      var position = TrainingProgress(stepsPerEpoch: 5, totalEpochs: 4)
      position.step = step
      let context = StepContext(position)
      let drawn = try views(ofStep: step).narrowed(along: 0, from: 0, count: selection.candidates)
      let choice = try learner.selection.choose(from: ViewPool(groups: [drawn]), for: method, in: context)
      let images = drawn.shape[1]
      let expected = choices[step * 2 * images..<(step + 1) * 2 * images]
      let chosen = choice.table()
      #expect(chosen.map { $0[0] } + chosen.map { $0[1] } == Array(expected), "choices of step \(step)")
      let loss = try learner.train(on: choice, in: context).loss.number
      #expect(abs(loss - losses[step]) < 1e-4, "loss of step \(step)")
    }

    // Rounding grows from step to step; weights that began 1e-7 apart end as far apart in the reference itself.
    let state = Dictionary(uniqueKeysWithValues: method.namedState().map { ($0.name, $0.entry.value) })
    let prefix = "\(name).final."
    for tensor in fixture.names where tensor.hasPrefix(prefix) {
      let value = try #require(state[String(tensor.dropFirst(prefix.count))])
      #expect(relativeError(value, try fixture.tensor(tensor)) < 1e-2, "\(tensor)")
    }
    let first = try views(ofStep: 0).narrowed(along: 0, from: 0, count: 1)
    let images = first.reshaped(Array(first.shape.dropFirst())).permuted([0, 3, 1, 2])
    let features = withoutGradients { method.encoder(images, in: .evaluate) }
    #expect(relativeError(features, try fixture.tensor("\(name).features")) < 1e-2)
  }
}
