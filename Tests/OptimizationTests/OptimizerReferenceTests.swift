import Checkpoints
import Foundation
import NeuralNetworks
import Optimization
import TestSupport
import Testing
import Torch

/// Updates by PyTorch's optimizers, and by a transcription of LARS, on given gradients.
@Suite struct OptimizerReferenceTests {
  private struct Settings: Decodable {
    var weight_decay: Double
    var momentum: Double
    var betas: [Double]
    var epsilon: Double
    var eta: Double
    var norm: Double
  }

  private let fixture: Checkpoint
  private let settings: Settings
  private let names = ["weight", "bias", "kernel"]

  init() throws {
    fixture = try Fixtures.open("optimizers/updates.safetensors")
    settings = try JSONDecoder().decode(Settings.self, from: Data(try #require(fixture.metadata["settings"]).utf8))
  }

  private func parameters() throws -> [(name: String, parameter: Parameter)] {
    try names.map { ($0, Parameter(try fixture.tensor("initial.\($0)"))) }
  }

  private func expectUpdates(
    of parameters: [(name: String, parameter: Parameter)], as expected: String,
    _ update: (_ rate: Double, Int) throws -> Void
  ) throws {
    for (step, rate) in try fixture.tensor("learning_rates").scalars(as: Double.self).enumerated() {
      for (name, parameter) in parameters {
        (parameter.value * (try fixture.tensor("gradient.\(step).\(name)"))).sum().backward()
      }
      try update(rate, step)
      for (name, parameter) in parameters {
        let after = try fixture.tensor("\(expected).after.\(step).\(name)")
        #expect(relativeError(parameter.value, after) < 1e-6, "\(expected), step \(step), \(name)")
        #expect(parameter.gradient == nil)
      }
    }
  }

  @Test func adamW() throws {
    let parameters = try parameters()
    let optimizer = AdamW([ParameterGroup("all", parameters)], betas: settings.betas, epsilon: settings.epsilon)
    try expectUpdates(of: parameters, as: "adamw") { rate, _ in
      optimizer.step([GroupSettings(learningRate: rate, weightDecay: settings.weight_decay)])
    }
  }

  /// State saved after two updates and loaded into another optimizer continues as if nothing had happened.
  @Test func adamWContinuesExactly() throws {
    let parameters = try parameters()
    func make() -> AdamW {
      AdamW([ParameterGroup("all", parameters)], betas: settings.betas, epsilon: settings.epsilon)
    }
    var optimizer = make()
    try expectUpdates(of: parameters, as: "adamw") { rate, step in
      if step == 2 {
        let other = make()
        #expect(other.state.map(\.name) == optimizer.state.map(\.name))
        withoutGradients {
          for (to, from) in zip(other.state, optimizer.state) { to.buffer.value.copyInPlace(from: from.buffer.value) }
        }
        optimizer = other
      }
      optimizer.step([GroupSettings(learningRate: rate, weightDecay: settings.weight_decay)])
    }
  }

  @Test func lars() throws {
    let parameters = try parameters()
    let optimizer = LARS(
      [ParameterGroup("all", parameters)], momentum: settings.momentum, trustCoefficient: settings.eta)
    try expectUpdates(of: parameters, as: "lars") { rate, _ in
      optimizer.step([GroupSettings(learningRate: rate, weightDecay: settings.weight_decay)])
    }
  }

  /// A parameter of zeros, or without gradient, keeps its plain update.
  @Test func larsKeepsTheRateWhereANormIsZero() {
    let parameter = Parameter(.zeros([2, 2]))
    let optimizer = LARS([ParameterGroup("all", [("zeros", parameter)])], momentum: 0)
    (parameter.value * Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])).sum().backward()
    optimizer.step([GroupSettings(learningRate: 0.5, weightDecay: 0.1)])
    #expect(parameter.value.scalars(as: Float.self) == [-0.5, -1, -1.5, -2])
    (parameter.value * 0.0).sum().backward()
    optimizer.step([GroupSettings(learningRate: 0.5, weightDecay: 0)])
    #expect(parameter.value.scalars(as: Float.self) == [-0.5, -1, -1.5, -2])
  }

  @Test(arguments: [(ClippingConfiguration.Kind.global, "clip-global"), (.parameter, "clip-parameter")])
  func clipping(kind: ClippingConfiguration.Kind, expected: String) throws {
    let parameters = try parameters()
    var configuration = OptimizerConfiguration()
    (configuration.momentum, configuration.weightDecay) = (settings.momentum, settings.weight_decay)
    (configuration.clipping.kind, configuration.clipping.norm) = (kind, settings.norm)
    configuration.schedule = .constant
    // The rate changes from step to step, so each step has a configuration of its own with the state of the last.
    var state: [Tensor] = []
    try expectUpdates(of: parameters, as: expected) { rate, step in
      configuration.learningRate = rate
      let optimizer = ScheduledOptimizer(configuration, groups: [ParameterGroup("all", parameters)], batchSize: 256)
      withoutGradients {
        for (entry, value) in zip(optimizer.state, state) { entry.buffer.value.copyInPlace(from: value) }
      }
      optimizer.step(at: TrainingProgress(step: step, stepsPerEpoch: 1, totalEpochs: 4))
      state = optimizer.state.map { $0.buffer.value }
    }
  }

  @Test func ratesAndDecaysOfGroups() {
    var configuration = OptimizerConfiguration()
    (configuration.learningRate, configuration.weightDecay) = (0.05, 0.04)
    (configuration.decaysVectors, configuration.vectorRateShare) = (false, 0.1)
    configuration.weightDecaySchedule = Schedule(.cosine, granularity: .step, finalShare: 10)
    let matrix = ("matrix", Parameter(.ones([2, 2])))
    let vector = ("vector", Parameter(.ones([2])))
    let optimizer = ScheduledOptimizer(
      configuration,
      groups: [
        ParameterGroup("network", [matrix, vector]),
        ParameterGroup("predictor", [("other", Parameter(.ones([2, 2])))], keepsBaseRate: true),
      ], batchSize: 512)
    let half = TrainingProgress(step: 50, stepsPerEpoch: 1, totalEpochs: 100)
    let settings = optimizer.settings(at: half)
    #expect(settings.count == 3)
    for (setting, (rate, decay)) in zip(settings, [(0.05, 0.22), (0.005, 0), (0.1, 0.22)]) {
      #expect(abs(setting.learningRate - rate) < 1e-12 && abs(setting.weightDecay - decay) < 1e-12)
    }
    #expect(abs(optimizer.learningRate(at: half) - 0.05) < 1e-12)
    #expect(optimizer.settings(at: TrainingProgress(stepsPerEpoch: 1, totalEpochs: 100))[0].weightDecay == 0.04)
    // Names in checkpoints say nothing of groups.
    #expect(optimizer.state.map(\.name) == ["momentum.matrix", "momentum.vector", "momentum.other"])
  }

  @Test func frozenGroupsStayForTheirEpochs() {
    let (free, frozen) = (Parameter(.ones([2, 2])), Parameter(.ones([2, 2])))
    let optimizer = ScheduledOptimizer(
      OptimizerConfiguration(),
      groups: [ParameterGroup("network", [("a", free)]), ParameterGroup("last", [("b", frozen)], frozenEpochs: 2)],
      batchSize: 256)
    for epoch in 0..<3 {
      (free.value + frozen.value).sum().backward()
      optimizer.step(at: TrainingProgress(step: epoch, stepsPerEpoch: 1, totalEpochs: 3))
      #expect((frozen.value.scalars(as: Float.self) == [1, 1, 1, 1]) == (epoch < 2))
      #expect(free.value.scalars(as: Float.self)[0] < 1)
      #expect(free.gradient == nil && frozen.gradient == nil)
    }
  }

  @Test func mistakesNameTheirKey() {
    func key(_ change: (inout OptimizerConfiguration) -> Void) -> String? {
      var configuration = OptimizerConfiguration()
      change(&configuration)
      return configuration.problem()?.key
    }
    #expect(key { _ in } == nil)
    #expect(key { $0.learningRate = 0 } == "learning_rate")
    #expect(key { $0.learningRate = .nan } == "learning_rate")
    #expect(key { $0.momentum = 1 } == "momentum")
    #expect(key { $0.betas = [0.9] } == "betas")
    #expect(key { $0.clipping.norm = 0 } == "clipping.norm")
    #expect(key { $0.schedule.warmupEpochs = -1 } == "schedule.warmup_epochs")
  }
}
