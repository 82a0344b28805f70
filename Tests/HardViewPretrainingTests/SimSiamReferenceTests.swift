import Checkpoints
import HardViewPretraining
import HardViewSelection
import NeuralNetworks
import Objectives
import Optimization
import TestSupport
import Testing
import Torch

/// Numbers of the published code.
@Suite struct SimSiamReferenceTests {
  let fixture: Checkpoint
  let method: SimSiam
  let progress = TrainingProgress(stepsPerEpoch: 1, totalEpochs: 1)

  init() throws {
    fixture = try Fixtures.open("simsiam.safetensors")
    var backbone = BackboneConfiguration()
    backbone.name = .resnet18
    backbone.width = 8
    method = SimSiam(
      SimSiam.Configuration(), backbone: { backbone.makeBackbone(role: $0, using: Generator(seed: 0)) },
      using: Generator(seed: 0))
  }

  private func encodings(trainable: Bool = false) throws -> [SimSiam.Encoding] {
    let projections = try fixture.tensor("projections")
    let predictions = try fixture.tensor("predictions")
    return zip(projections.split(into: projections.shape[0]), predictions.split(into: predictions.shape[0])).map {
      let shape = Array($0.shape.dropFirst())
      let prediction = $1.reshaped(shape)
      return SimSiam.Encoding(
        projection: $0.reshaped(shape), prediction: trainable ? prediction.trainableCopy() : prediction)
    }
  }

  @Test func hardestPairsAreThePublishedOnes() throws {
    let encodings = try encodings()
    let space = CandidateSpace(plan: .pair, poolSizes: [encodings.count])
    let scores = method.choiceLosses(encodings, over: space, in: StepContext(progress))
    let selected = try fixture.tensor("selected").scalars(as: Int.self)
    #expect(scores.hardest(in: space).scalars(as: Int.self) == selected)
    #expect(relativeError(scores.scores(in: space).maximum(along: 0), try fixture.tensor("selected_loss")) < 1e-5)
  }

  @Test func scoresAreTheSampleLossesOfEachPair() throws {
    let encodings = try encodings()
    let space = CandidateSpace(plan: .pair, poolSizes: [encodings.count])
    let scores = method.choiceLosses(encodings, over: space, in: StepContext(progress))
    for (row, pair) in space.candidates.enumerated() {
      let losses = method.sampleLosses(pair.map { encodings[$0] }, in: StepContext(progress))
      #expect(
        relativeError(scores.scores(in: space).narrowed(along: 0, from: row, count: 1).reshaped([-1]), losses) < 1e-6)
    }
  }

  @Test func lossAndGradientsAreThePublishedOnes() throws {
    let encodings = try encodings(trainable: true)
    let loss = method.sampleLosses(Array(encodings.prefix(2)), in: StepContext(progress)).mean()
    #expect(relativeError(loss.reshaped([-1]), try fixture.tensor("loss01").reshaped([-1])) < 1e-5)
    loss.backward()
    #expect(relativeError(try #require(encodings[0].prediction.gradient), try fixture.tensor("grad_p0")) < 1e-5)
    #expect(relativeError(try #require(encodings[1].prediction.gradient), try fixture.tensor("grad_p1")) < 1e-5)
  }
}
