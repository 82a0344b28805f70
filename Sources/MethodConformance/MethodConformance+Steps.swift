import Checkpoints
import Foundation
import HardViewPretraining
import HardViewSelection
import NeuralNetworks
import Objectives
import Optimization
import RunConfiguration
import Torch

extension MethodConformance {
  private func snapshot(_ method: Method, where isIncluded: (String) -> Bool = { _ in true }) -> [String: [Float]] {
    Dictionary(
      uniqueKeysWithValues: method.namedState().filter { isIncluded($0.name) }.map {
        ($0.name, $0.entry.value.scalars())
      })
  }

  private func learner(_ method: Method, _ selection: SelectionConfiguration) throws -> HardViewLearner<Method> {
    var optimizer = OptimizerConfiguration()
    optimizer.learningRate = 0.01
    return HardViewLearner(
      method,
      selection: try ViewSelection(
        selection, SelectionSetting(plan: plan, recipes: [], backbone: backbone, threads: 1, dtype: .float32)),
      optimizer: ScheduledOptimizer(optimizer, groups: method.parameterGroups, batchSize: batch))
  }

  func checkScoring(_ failures: inout Failures) throws {
    let generator = Generator(seed: 0)
    let method = make(generator)
    let before = (snapshot(method), generator.state.scalars(as: UInt8.self))
    let space = space(spare: 1)
    let scored = LossScorer(ScoringPass(phase: .score)).score(
      pool(for: method, sizes: space.poolSizes), in: space, method: method, context: context)
    let scores = scored.scores.scores(in: space)
    failures.require(scores.shape == [space.count, batch], "the scores have shape \(scores.shape)")
    failures.require(!scores.requiresGradient, "gradients flow through the scores")
    let after = snapshot(method)
    for name in before.0.keys.sorted() { failures.require(before.0[name] == after[name], "\(name) changes") }
    failures.require(generator.state.scalars(as: UInt8.self) == before.1, "random numbers are drawn")
    failures.require(method.parameters.allSatisfy { $0.gradient == nil }, "gradients are left behind")
  }

  func checkTargets(_ failures: inout Failures) throws {
    let method = make()
    var selection = SelectionConfiguration()
    (selection.phase, selection.localCandidates) = (.score, 4)
    let views = try learner(method, selection).selection.choose(
      from: pool(for: method, sizes: selection.poolSizes(for: plan)), for: method, in: context
    ).views
    let fresh = views.map { View(group: $0.group, isLocal: $0.isLocal, pixels: $0.pixels, mask: $0.mask) }
    withoutGradients {
      let losses = [views, fresh].map {
        method.sampleLosses(method.encode($0, for: .scoring(.score)), in: context).scalars(as: Float.self)
      }
      failures.require(areClose(losses[0], losses[1]), "the losses are \(losses[0]), and \(losses[1]) without reuse")
    }
  }

  func checkPolicies(_ failures: inout Failures) throws {
    for policy in SelectionPolicy.builtIn {
      let method = make()
      var selection = SelectionConfiguration()
      (selection.policy, selection.localCandidates, selection.overlapFloor) = (policy, 4, 0.05)
      let setting = SelectionSetting(plan: plan, recipes: [], backbone: backbone, threads: 1, dtype: .float32)
      // Pairs are divided among views of one group only.
      if let problem = selection.problem(in: setting) {
        failures.require(
          problem.path == "selection.policy" && Method.takesLocalViews, "\(policy.rawValue): \(problem)")
        continue
      }
      let learner = try learner(method, selection)
      let space = learner.selection.space
      let choice = try learner.selection.choose(
        from: pool(for: method, sizes: space.poolSizes), for: method, in: context)
      let step = try learner.train(on: choice, in: context)
      failures.require(step.loss.number.isFinite, "\(policy.rawValue): the loss is \(step.loss.number)")
      let owners = zip(space.plan.groups, space.ranges).flatMap { Array(repeating: $1, count: $0.used) }
      for views in choice.table() {
        failures.require(
          zip(views, owners).allSatisfy { $1.contains($0) } && Set(views).count == views.count,
          "\(policy.rawValue): the views \(views) are not of their slots' groups, each once")
      }
    }
  }

  func checkCheckpoints(_ failures: inout Failures) throws {
    let path = NSTemporaryDirectory() + "conformance-\(UUID().uuidString).safetensors"
    defer { try? FileManager.default.removeItem(atPath: path) }
    // After a step, so that everything that moves has moved.
    let method = make()
    let learner = try learner(method, .plain)
    let views = pool(for: method, sizes: plan.groups.map(\.used))
    _ = try learner.train(on: learner.selection.choose(from: views, for: method, in: context), in: context)
    let other = make(Generator(seed: 9))
    try StateDictionary(of: method).write(to: path, metadata: [:])
    try Checkpoint(path: path).load(into: StateDictionary(of: other))
    withoutGradients {
      let losses = [method, other].map {
        $0.sampleLosses($0.encode(views.views, for: .scoring(.score)), in: context).scalars(as: Float.self)
      }
      failures.require(losses[0] == losses[1], "the losses are \(losses[0]), and \(losses[1]) from the checkpoint")
    }
  }

  func checkUnsoundSteps(_ failures: inout Failures) throws {
    let method = make()
    let learner = try learner(method, .plain)
    var views = pool(for: method, sizes: plan.groups.map(\.used))
    for group in views.groups.indices { views.groups[group].pixels = views.groups[group].pixels * Double.nan }
    // The forward pass itself moves running statistics.
    func state() -> [String: [Float]] { snapshot(method) { !$0.contains("running_") && !$0.contains("num_batches") } }
    let before = state()
    let step = try learner.train(
      on: learner.selection.choose(from: views, for: method, in: context), in: context)
    failures.require(step.isFinite.number == 0, "the loss of pixels that are NaN is finite")
    let after = state()
    for name in before.keys.sorted() { failures.require(before[name] == after[name], "\(name) changes") }
    failures.require(method.parameters.allSatisfy { $0.gradient == nil }, "gradients are left behind")
  }
}
