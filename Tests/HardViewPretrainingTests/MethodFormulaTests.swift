import Checkpoints
import Foundation
import HardViewPretraining
import HardViewSelection
import NeuralNetworks
import Objectives
import Optimization
import TestSupport
import Testing
import Torch

/// Naive transcriptions of the papers' formulas in PyTorch.
@Suite struct MethodFormulaTests {
  private let progress = TrainingProgress(stepsPerEpoch: 1, totalEpochs: 1)

  private func method<Method: SelfSupervisedMethod>(_ configuration: Method.Configuration) -> Method {
    Method(configuration, backbone: tinyBackbone, using: Generator(seed: 0))
  }

  @Test func byol() throws {
    let fixture = try Fixtures.open("methods/byol.safetensors")
    let method: BYOL = method(BYOL.Configuration())
    let targets = views(of: try fixture.tensor("targets"))
    try expectPairs(of: method, views(of: fixture.tensor("predictions")), in: fixture) { leaves in
      zip(leaves, targets).map { BYOL.Encoding(prediction: $0, target: $1) }
    }
  }

  @Test func moCoV3() throws {
    let fixture = try Fixtures.open("methods/moco-v3.safetensors")
    var configuration = MoCoV3.Configuration()
    configuration.temperature = try fixture.tensor("temperature").number
    let method: MoCoV3 = method(configuration)
    let keys = views(of: try fixture.tensor("keys"))
    try expectPairs(of: method, views(of: fixture.tensor("queries")), in: fixture) { leaves in
      zip(leaves, keys).map { MoCoV3.Encoding(prediction: $0, target: $1) }
    }
  }

  @Test func vicReg() throws {
    let fixture = try Fixtures.open("methods/vicreg.safetensors")
    var configuration = VICReg.Configuration()
    (configuration.projectorHidden, configuration.projectorOutput) = (8, 8)
    let method: VICReg = method(configuration)
    let projections = views(of: try fixture.tensor("projections"))
    let encodings = projections.map { VICReg.Encoding(projection: $0) }
    let space = CandidateSpace(plan: .pair, poolSizes: [projections.count])
    let scores = method.choiceLosses(encodings, over: space, in: StepContext(progress)).scores(in: space)
    #expect(relativeError(scores.mean(along: 1), try fixture.tensor("pair_losses")) < 1e-5)
    let shares = method.sampleLosses(Array(encodings.prefix(2)), in: StepContext(progress))
    #expect(relativeError(shares, try fixture.tensor("shares01")) < 1e-4)
    try expectLoss(of: method, projections, in: fixture) { $0.map { VICReg.Encoding(projection: $0) } }
  }

  @Test func barlowTwinsShares() throws {
    let fixture = try Fixtures.open("methods/barlow-twins-shares.safetensors")
    var configuration = BarlowTwins.Configuration()
    (configuration.projectorHidden, configuration.projectorOutput) = (8, 8)
    configuration.redundancyWeight = try fixture.tensor("weight").number
    let method: BarlowTwins = method(configuration)
    let encodings = views(of: try fixture.tensor("projections")).map { BarlowTwins.Encoding(projection: $0) }
    let shares = method.sampleLosses(Array(encodings.prefix(2)), in: StepContext(progress))
    #expect(relativeError(shares, try fixture.tensor("shares01")) < 1e-4)
    #expect(relativeError(shares.mean().reshaped([1]), try fixture.tensor("loss01")) < 1e-5)
  }

  private func expectPairs<Method: SelfSupervisedMethod>(
    of method: Method, _ leaves: [Tensor], in fixture: Checkpoint, encode: ([Tensor]) -> [Method.Encoding]
  ) throws {
    let space = CandidateSpace(plan: .pair, poolSizes: [leaves.count])
    let scores = method.choiceLosses(encode(leaves), over: space, in: StepContext(progress))
    #expect(scores.hardest(in: space).scalars(as: Int.self) == (try fixture.tensor("selected").scalars(as: Int.self)))
    let highest = scores.scores(in: space).maximum(along: 0)
    #expect(relativeError(highest, try fixture.tensor("selected_loss")) < 1e-5)
    try expectLoss(of: method, leaves, in: fixture, encode: encode)
  }

  private func expectLoss<Method: SelfSupervisedMethod>(
    of method: Method, _ leaves: [Tensor], in fixture: Checkpoint, encode: ([Tensor]) -> [Method.Encoding]
  ) throws {
    let leaves = leaves.map { $0.trainableCopy() }
    let loss = method.sampleLosses(Array(encode(leaves).prefix(2)), in: StepContext(progress)).mean()
    #expect(relativeError(loss.reshaped([1]), try fixture.tensor("loss01")) < 1e-5)
    loss.backward()
    for view in 0..<2 {
      #expect(relativeError(try #require(leaves[view].gradient), try fixture.tensor("grad_\(view)")) < 1e-5)
    }
  }

  /// FastSiam: each view's prediction against the mean of the other views' targets.
  @Test func meanTargets() throws {
    let fixture = try Fixtures.open("methods/byol.safetensors")
    let predictions = views(of: try fixture.tensor("predictions"))
    let targets = views(of: try fixture.tensor("targets"))
    var byol = BYOL.Configuration()
    byol.targets = .mean
    var simSiam = SimSiam.Configuration()
    simSiam.targets = .mean
    let encodings = zip(predictions, targets).map { BYOL.Encoding(prediction: $0, target: $1) }
    let losses = [
      (self.method(byol) as BYOL).sampleLosses(encodings, in: StepContext(progress)),
      (self.method(simSiam) as SimSiam).sampleLosses(
        zip(predictions, targets).map { SimSiam.Encoding(projection: $1, prediction: $0) }, in: StepContext(progress))
        * 2.0 + 2.0,
    ].map { $0.scalars(as: Double.self) }
    let (p, z) = (predictions.map { $0.scalars(as: Double.self) }, targets.map { $0.scalars(as: Double.self) })
    let (batch, width) = (predictions[0].shape[0], predictions[0].shape[1])
    for image in 0..<batch {
      var expected = 0.0
      for view in p.indices {
        var (dot, left, right) = (0.0, 0.0, 0.0)
        for index in image * width..<(image + 1) * width {
          let mean = z.indices.filter { $0 != view }.map { z[$0][index] }.reduce(0, +) / Double(z.count - 1)
          dot += p[view][index] * mean
          left += p[view][index] * p[view][index]
          right += mean * mean
        }
        expected += (2 - 2 * dot / (left * right).squareRoot()) / Double(p.count)
      }
      for loss in losses { #expect(abs(loss[image] - expected) < 1e-5) }
    }
    // Two views have one other view each, so selection is not touched.
    let pair = Array(encodings.prefix(2))
    let plain: BYOL = method(BYOL.Configuration())
    let averaging: BYOL = method(byol)
    #expect(
      averaging.sampleLosses(pair, in: StepContext(progress)).scalars(as: Float.self)
        == plain.sampleLosses(pair, in: StepContext(progress)).scalars(as: Float.self))
  }
}
