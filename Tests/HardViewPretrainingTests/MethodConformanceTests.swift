import HardViewPretraining
import NeuralNetworks
import Optimization
import Testing
import Torch

/// What every method promises; each runs over `Methods.all`.
@Suite struct MethodConformanceTests {
  private let progress = TrainingProgress(stepsPerEpoch: 1, totalEpochs: 1)

  private func make<Method: SelfSupervisedMethod>(_ type: Method.Type) -> Method {
    var backbone = BackboneConfiguration()
    backbone.name = .resnet18
    backbone.stem = .cifar
    backbone.width = 4
    return Method(
      Method.defaultConfiguration, backbone: { backbone.makeBackbone(using: Generator(seed: 0)) },
      using: Generator(seed: 0))
  }

  private func views(_ plan: ViewPlan, batch: Int = 6, seed: UInt64 = 1) -> [View] {
    plan.groups.enumerated().flatMap { index, group in
      (0..<group.used).map { view in
        View(
          group: index,
          pixels: .normal([batch, 3, 16, 16], using: Generator(seed: seed + UInt64(view))).channelsLast())
      }
    }
  }

  @Test(arguments: Methods.all.indices)
  func sampleLossesAreOnePerImageAndFollowAPermutation(index: Int) {
    func check<Method: SelfSupervisedMethod>(_ type: Method.Type) {
      let method = make(type)
      let views = views(method.viewPlan)
      let order = Tensor([3, 1, 5, 0, 2, 4])
      let permuted = views.map { View(group: $0.group, pixels: $0.pixels.selecting(order)) }
      withoutGradients {
        let losses = method.sampleLosses(method.encode(views, in: .score, jointly: false), at: progress)
        let others = method.sampleLosses(method.encode(permuted, in: .score, jointly: false), at: progress)
        #expect(losses.shape == [6])
        let expected = losses.selecting(order).scalars(as: Float.self)
        for (a, b) in zip(others.scalars(as: Float.self), expected) { #expect(abs(a - b) < 1e-4) }
        #expect(Set(expected).count == 6)
      }
    }
    check(Methods.all[index])
  }

  @Test(arguments: Methods.all.indices)
  func everyTrainableParameterGetsAGradientAndIsInOneGroup(index: Int) {
    func check<Method: SelfSupervisedMethod>(_ type: Method.Type) {
      let method = make(type)
      // A residual branch that starts at zero passes no gradient to its own convolutions, so it is woken first.
      for (name, parameter) in method.namedParameters() where name.hasSuffix("bn2.weight") {
        withoutGradients { parameter.value.copyInPlace(from: .full(parameter.value.shape, 0.5)) }
      }
      let losses = method.sampleLosses(method.encode(views(method.viewPlan), in: .train, jointly: false), at: progress)
      losses.mean().backward()
      for (name, parameter) in method.namedParameters() {
        let gradient = parameter.gradient
        #expect(gradient != nil, "\(name) gets no gradient")
        #expect(gradient.map { $0.isFinite().converted(to: .float32).minimum(along: 0).mean().number == 1 } == true)
      }
      let grouped = method.parameterGroups.flatMap { $0.parameters.map(\.name) }
      #expect(grouped.sorted() == method.namedParameters().map(\.name).sorted())
    }
    check(Methods.all[index])
  }

  @Test(arguments: Methods.all.indices)
  func fastCandidateLossesEqualSampleLosses(index: Int) {
    func check<Method: SelfSupervisedMethod>(_ type: Method.Type) {
      let method = make(type)
      let pool = method.viewPlan.groups.map { $0.used + 2 }
      let space = CandidateSpace(plan: method.viewPlan, poolSizes: pool)
      var plan = method.viewPlan
      for index in plan.groups.indices { plan.groups[index].used = pool[index] }
      withoutGradients {
        let encodings = method.encode(views(plan), in: .score, jointly: true)
        let fast = method.candidateLosses(encodings, in: space, at: progress).scalars(as: Float.self)
        let slow = space.candidates.flatMap { choice in
          method.sampleLosses(choice.map { encodings[$0] }, at: progress).scalars(as: Float.self)
        }
        for (a, b) in zip(fast, slow) { #expect(abs(a - b) < 1e-5) }
        #expect(fast.count == slow.count)
      }
    }
    check(Methods.all[index])
  }

  @Test(arguments: Methods.all.indices)
  func namesAreUniqueAndFound(index: Int) {
    let method = Methods.all[index]
    #expect(Methods.all.count { $0.name == method.name } == 1)
    #expect(Methods.named(method.name) == method)
    #expect(!method.summary.isEmpty)
  }
}
