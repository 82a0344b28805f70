import Checkpoints
import Foundation
import NeuralNetworks
import Optimization
import TestSupport
import Testing
import Torch
import Views

@testable import HardViewPretraining

/// What every method promises; each runs over `Methods.all`.
@Suite struct MethodConformanceTests {
  private let progress = TrainingProgress(stepsPerEpoch: 1, totalEpochs: 1)

  private func views<Method: SelfSupervisedMethod>(_ method: Method, seed: UInt64 = 1) -> [View] {
    SmallMethods.pool(for: method, sizes: SmallMethods.plan(of: Method.self).groups.map(\.used), seed: seed).views
  }

  @Test(arguments: Methods.all.indices)
  func sampleLossesAreOnePerImageAndFollowAPermutation(index: Int) throws {
    func check<Method: SelfSupervisedMethod>(_ type: Method.Type) throws {
      let method = try SmallMethods.make(type)
      let views = views(method)
      let order = Tensor([3, 1, 5, 0, 2, 4])
      let permuted = views.map { view in
        var view = view
        view.pixels = view.pixels.selecting(order)
        view.mask = view.mask?.selecting(order)
        return view
      }
      withoutGradients {
        let losses = method.sampleLosses(method.encode(views, in: .score, jointly: false), at: progress)
        let others = method.sampleLosses(method.encode(permuted, in: .score, jointly: false), at: progress)
        #expect(losses.shape == [6])
        let expected = losses.selecting(order).scalars(as: Float.self)
        for (a, b) in zip(others.scalars(as: Float.self), expected) { #expect(abs(a - b) < 1e-4 * max(1, abs(b))) }
        #expect(Set(expected).count == 6)
      }
    }
    try check(Methods.all[index])
  }

  @Test(arguments: Methods.all.indices)
  func everyTrainableParameterGetsAGradientAndNoTeacherParameterDoes(index: Int) throws {
    func check<Method: SelfSupervisedMethod>(_ type: Method.Type) throws {
      let method = try SmallMethods.make(type)
      // A residual branch that starts at zero passes no gradient to its own convolutions, so it is woken first.
      for (name, parameter) in method.namedParameters() where name.hasSuffix("bn2.weight") {
        withoutGradients { parameter.value.copyInPlace(from: .full(parameter.value.shape, 0.5)) }
      }
      let losses = method.sampleLosses(method.encode(views(method), in: .train, jointly: false), at: progress)
      losses.mean().backward()
      for (name, parameter) in method.namedParameters() {
        let gradient = parameter.gradient
        #expect(gradient != nil, "\(name) gets no gradient")
        #expect(gradient.map { $0.isFinite().converted(to: .float32).mean().number == 1 } == true)
      }
      for case (let name, .parameter(let parameter)) in method.namedState() where !parameter.isTrainable {
        #expect(parameter.gradient == nil, "\(name) is frozen")
      }
      let grouped = method.parameterGroups.flatMap { $0.parameters.map(\.name) }
      #expect(grouped.sorted() == method.namedParameters().map(\.name).sorted())
    }
    try check(Methods.all[index])
  }

  @Test(arguments: Methods.all.indices)
  func scoresAreTheSampleLossesOfEachChoice(index: Int) throws {
    func check<Method: SelfSupervisedMethod>(_ type: Method.Type) throws {
      let method = try SmallMethods.make(type)
      let plan = SmallMethods.plan(of: type)
      let space = CandidateSpace(plan: plan, poolSizes: plan.groups.map { $0.used + 2 })
      let pool = SmallMethods.pool(for: method, sizes: space.poolSizes)
      withoutGradients {
        let encodings = method.encode(pool.views, in: .score, jointly: true)
        let scores = method.choiceLosses(encodings, in: space, at: progress)
        let fast = scores.scores(in: space).scalars(as: Float.self)
        let slow = space.candidates.flatMap { choice in
          method.sampleLosses(choice.map { encodings[$0] }, at: progress).scalars(as: Float.self)
        }
        #expect(fast.count == slow.count)
        for (a, b) in zip(fast, slow) { #expect(abs(a - b) < 1e-5 * max(1, abs(b))) }
        // Brute force over all choices finds no harder one.
        let chosen = scores.hardest(in: space)
        let listed = Tensor(slow, shape: [space.count, 6])
        let hardest = listed.argmax(along: 0).scalars(as: Int.self)
        let slots = chosen.transposed().scalars(as: Int.self)
        for image in 0..<6 {
          let width = slots.count / 6
          #expect(Array(slots[image * width..<(image + 1) * width]) == space.candidates[hardest[image]])
        }
      }
    }
    try check(Methods.all[index])
  }

  /// Weights, running statistics, centres and the generator stay as they are.
  @Test(arguments: Methods.all.indices)
  func scoringChangesNothing(index: Int) throws {
    func check<Method: SelfSupervisedMethod>(_ type: Method.Type) throws {
      let generator = Generator(seed: 0)
      let method = try SmallMethods.make(type, generator: generator)
      func snapshot() -> [[Float]] { method.namedState().map { $0.entry.value.scalars() } }
      let before = (snapshot(), generator.state.scalars(as: UInt8.self))
      let plan = SmallMethods.plan(of: type)
      let space = CandidateSpace(plan: plan, poolSizes: plan.groups.map { $0.used + 1 })
      let pool = SmallMethods.pool(for: method, sizes: space.poolSizes)
      let scored = LossScorer(phase: .score).score(pool, in: space, method: method, at: progress)
      #expect(scored.scores.scores(in: space).shape == [space.count, 6])
      #expect(!scored.scores.scores(in: space).requiresGradient)
      #expect(snapshot() == before.0)
      #expect(generator.state.scalars(as: UInt8.self) == before.1)
      #expect(method.parameters.allSatisfy { $0.gradient == nil })
    }
    try check(Methods.all[index])
  }

  /// Training on what the teacher made while scoring gives the loss that running it again gives.
  @Test(arguments: Methods.all.indices)
  func targetsUsedAgainChangeNothing(index: Int) throws {
    func check<Method: SelfSupervisedMethod>(_ type: Method.Type) throws {
      let method = try SmallMethods.make(type)
      let plan = SmallMethods.plan(of: type)
      let space = CandidateSpace(plan: plan, poolSizes: plan.groups.map { $0.used + 2 })
      let pool = SmallMethods.pool(for: method, sizes: space.poolSizes)
      let draw = SelectionDraw(seed: 3, epoch: 0, samples: Array(0..<6))
      let hardViews = HardViews(scorer: LossScorer(phase: .score), selector: Hardest())
      let selection = try hardViews.select(from: pool, in: space, for: method, at: progress, draw: draw)
      let fresh = selection.views.map { View(group: $0.group, isLocal: $0.isLocal, pixels: $0.pixels, mask: $0.mask) }
      withoutGradients {
        let losses = [selection.views, fresh].map {
          method.sampleLosses(method.encode($0, in: .score, jointly: false), at: progress)
        }
        #expect(relativeError(losses[0], losses[1]) < 1e-5)
      }
      if Method.takesLocalViews { #expect(selection.views.contains { !$0.targets.isEmpty }) }
    }
    try check(Methods.all[index])
  }

  /// No rule of selection knows any method, so each goes with each.
  @Test(arguments: Methods.all.indices, SelectionPolicy.allCases)
  func everyPolicySelectsForEveryMethod(index: Int, policy: SelectionPolicy) throws {
    func check<Method: SelfSupervisedMethod>(_ type: Method.Type) throws {
      let method = try SmallMethods.make(type)
      var selection = SelectionConfiguration()
      (selection.policy, selection.localCandidates, selection.overlapFloor) = (policy, 4, 0.05)
      let plan = SmallMethods.plan(of: type)
      if let problem = selection.problem(for: plan, backbone: SmallMethods.backbone(for: type)) {
        // Pairs are divided among views of one group only.
        #expect(problem.key == "policy" && type.takesLocalViews && policy.rawValue.hasSuffix("pairs"))
        return
      }
      let space = selection.space(for: plan)
      var pool = SmallMethods.pool(for: method, sizes: space.poolSizes)
      for index in pool.groups.indices {
        pool.groups[index].parameters = (0..<space.poolSizes[index]).map { member in
          (0..<6).map { image in
            let crop = CropBox(top: 3 * member + image, left: 2 * index, height: 20, width: 20 + member)
            return ViewParameters(sourceWidth: 50, sourceHeight: 50, crop: crop)
          }
        }
      }
      let pretrainer = Pretrainer(
        method, hardViews: selection.makeHardViews(dtype: .float32),
        optimizer: ScheduledOptimizer(OptimizerConfiguration(), groups: method.parameterGroups, batchSize: 6))
      let report = try pretrainer.step(
        on: pool, in: space, at: progress, draw: SelectionDraw(seed: 1, epoch: 0, samples: Array(0..<6)))
      #expect(report.loss.isFinite)
      #expect((report.slots == nil) == (policy == .none || policy.trainsOnAll))
      for (slot, views) in (report.slots ?? []).enumerated() {
        // Every slot takes a view of its own group, each view once.
        var owner: [Int] = []
        for (group, range) in zip(space.plan.groups, space.ranges) {
          owner += Array(repeating: range.lowerBound, count: group.used)
        }
        let range = try #require(space.ranges.first { $0.lowerBound == owner[slot] })
        #expect(views.allSatisfy { range.contains($0) })
      }
      for image in 0..<6 {
        let chosen = (report.slots ?? []).map { $0[image] }
        #expect(Set(chosen).count == chosen.count)
      }
    }
    try check(Methods.all[index])
  }

  @Test(arguments: Methods.all.indices)
  func checkpointsRoundTripExactly(index: Int) throws {
    func check<Method: SelfSupervisedMethod>(_ type: Method.Type) throws {
      try withTemporaryDirectory { folder in
        let method = try SmallMethods.make(type)
        let other = try SmallMethods.make(type, generator: Generator(seed: 9))
        try StateDictionary(of: method).write(to: "\(folder)/a.safetensors", metadata: [:])
        try Checkpoint(path: "\(folder)/a.safetensors").load(into: StateDictionary(of: other))
        let views = views(method)
        withoutGradients {
          let losses = [method, other].map {
            $0.sampleLosses($0.encode(views, in: .score, jointly: false), at: progress).scalars(as: Float.self)
          }
          #expect(losses[0] == losses[1])
        }
      }
    }
    try check(Methods.all[index])
  }

  @Test(arguments: Methods.all.indices)
  func namesAreUniqueAndFound(index: Int) {
    let method = Methods.all[index]
    #expect(Methods.all.count { $0.name == method.name } == 1)
    #expect(Methods.named(method.name) == method)
    #expect(!method.summary.isEmpty)
  }
}
