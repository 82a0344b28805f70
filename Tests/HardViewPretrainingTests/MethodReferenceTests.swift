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

/// Numbers of the published hard-view code for methods of two views.
@Suite struct MethodReferenceTests {
  private let progress = TrainingProgress(stepsPerEpoch: 1, totalEpochs: 1)

  @Test func simCLR() throws {
    let fixture = try Fixtures.open("simclr.safetensors")
    let projections = try fixture.tensor("projections")
    var configuration = SimCLR.Configuration()
    configuration.temperature = try fixture.tensor("temperature").number
    let method = SimCLR(configuration, backbone: tinyBackbone, using: Generator(seed: 0))
    let encodings = views(of: projections).map { SimCLR.Encoding(projection: $0) }
    try expectSelection(of: method, encodings, in: fixture, scale: 2)

    let leaves = views(of: projections).prefix(2).map { $0.trainableCopy() }
    let loss = method.sampleLosses(leaves.map { SimCLR.Encoding(projection: $0) }, in: StepContext(progress)).mean()
    #expect(relativeError(loss.reshaped([1]), try fixture.tensor("loss01")) < 1e-5)
    loss.backward()
    for (view, leaf) in leaves.enumerated() {
      #expect(relativeError(try #require(leaf.gradient), try fixture.tensor("grad_z\(view)")) < 1e-5)
    }
  }

  /// All other views are negatives: one more sum, written out.
  @Test func simCLRWithAllNegatives() throws {
    let projections = try Fixtures.open("simclr.safetensors").tensor("projections")
    var configuration = SimCLR.Configuration()
    configuration.negatives = .allViews
    let method = SimCLR(configuration, backbone: tinyBackbone, using: Generator(seed: 0))
    let views = views(of: projections)
    let losses = method.sampleLosses(views.map { SimCLR.Encoding(projection: $0) }, in: StepContext(progress))
    let (count, batch) = (views.count, views[0].shape[0])
    let rows = Tensor.concatenated(views.map { $0.normalized() })
    let similarity = (rows.matmul(rows.transposed()) / configuration.temperature).scalars(as: Double.self)
    func entry(_ a: Int, _ b: Int) -> Double { similarity[a * count * batch + b] }
    for image in 0..<batch {
      var sum = 0.0
      for first in 0..<count {
        let row = first * batch + image
        let others = (0..<count * batch).filter { $0 != row }.map { entry(row, $0) }
        let largest = others.max()!
        let everything = largest + log(others.map { exp($0 - largest) }.reduce(0, +))
        for second in 0..<count where second != first { sum += everything - entry(row, second * batch + image) }
      }
      let expected = sum / Double(count * (count - 1))
      #expect(abs(losses.scalars(as: Double.self)[image] - expected) < 1e-5 * abs(expected))
    }
  }

  @Test func barlowTwins() throws {
    let fixture = try Fixtures.open("barlow-twins.safetensors")
    var configuration = BarlowTwins.Configuration()
    configuration.redundancyWeight = try fixture.tensor("lambda_").number
    configuration.projectorHidden = 8
    configuration.projectorOutput = 8
    let method = BarlowTwins(configuration, backbone: tinyBackbone, using: Generator(seed: 0))
    let leaves = try ["z0", "z1"].map { try fixture.tensor($0).trainableCopy() }
    let loss = method.sampleLosses(leaves.map { BarlowTwins.Encoding(projection: $0) }, in: StepContext(progress))
      .mean()
    #expect(relativeError(loss.reshaped([1]), try fixture.tensor("loss")) < 1e-5)
    loss.backward()
    for (view, leaf) in leaves.enumerated() {
      #expect(relativeError(try #require(leaf.gradient), try fixture.tensor("grad_z\(view)")) < 1e-5)
    }
  }

  private func expectSelection<Method: SelfSupervisedMethod>(
    of method: Method, _ encodings: [Method.Encoding], in fixture: Checkpoint, scale: Double
  ) throws {
    let space = CandidateSpace(plan: .pair, poolSizes: [encodings.count])
    let scores = method.choiceLosses(encodings, over: space, in: StepContext(progress))
    let chosen = scores.hardest(in: space)
    #expect(chosen.scalars(as: Int.self) == (try fixture.tensor("selected").scalars(as: Int.self)))
    let highest = scores.scores(in: space).maximum(along: 0) * scale
    #expect(relativeError(highest, try fixture.tensor("selected_loss")) < 1e-5)
  }
}

/// The slices of `[views, batch, …]`.
func views(of tensor: Tensor) -> [Tensor] {
  tensor.split(into: tensor.shape[0]).map { $0.reshaped(Array(tensor.shape.dropFirst())) }
}

/// A network that is never run.
func tinyBackbone(_ role: BackboneRole) -> any Backbone {
  var backbone = BackboneConfiguration()
  (backbone.name, backbone.width) = (.resnet18, 2)
  return backbone.makeBackbone(role: role, using: Generator(seed: 0))
}
