import Checkpoints
import HardViewPretraining
import HardViewSelection
import NeuralNetworks
import Objectives
import Optimization
import TestSupport
import Testing
import Torch

/// Methods whose loss is not a mean over pairs, against naive transcriptions in PyTorch.
@Suite struct MultiViewMethodTests {
  private let context = StepContext(TrainingProgress(stepsPerEpoch: 1, totalEpochs: 1))

  @Test func mvDHEL() throws {
    let fixture = try Fixtures.open("methods/mv-dhel.safetensors")
    var configuration = MVDHEL.Configuration()
    configuration.temperature = try fixture.tensor("temperature").number
    let method = MVDHEL(configuration, backbone: tinyBackbone, using: Generator(seed: 0))
    let leaves = views(of: try fixture.tensor("projections")).map { $0.trainableCopy() }
    let encodings = leaves.map { MVDHEL.Encoding(projection: $0) }
    #expect(relativeError(method.sampleLosses(encodings, in: context), try fixture.tensor("losses")) < 1e-5)
    let loss = method.sampleLosses(Array(encodings.prefix(2)), in: context).mean()
    #expect(relativeError(loss.reshaped([1]), try fixture.tensor("loss01")) < 1e-5)
    loss.backward()
    for view in 0..<2 {
      #expect(relativeError(try #require(leaves[view].gradient), try fixture.tensor("grad_\(view)")) < 1e-5)
    }
  }

  /// The prediction part of choices of two global and two local views, and of all views at once.
  @Test func leJEPA() throws {
    let fixture = try Fixtures.open("methods/lejepa.safetensors")
    var configuration = LeJEPA.Configuration()
    configuration.regularization = try fixture.tensor("weight").number
    let method = LeJEPA(configuration, backbone: tinyBackbone, using: Generator(seed: 0))
    let encodings = views(of: try fixture.tensor("projections")).enumerated().map {
      LeJEPA.Encoding(projection: $1, isLocal: $0 >= 4)
    }
    for (views, expected) in [([0, 1, 4, 5], "losses"), (Array(0..<6), "all")] {
      let globals = views.count { $0 < 4 }
      let losses = method.sampleLosses(views.map { encodings[$0] }, in: context)
      #expect(relativeError(losses, try fixture.tensor(expected)) < 1e-5)
      let plan = ViewPlan([ViewGroup("global", used: globals), ViewGroup("local", used: 2, isLocal: true)])
      let space = CandidateSpace(plan: plan, poolSizes: [4, 2])
      let scores = method.choiceLosses(encodings, over: space, in: context).scores(of: [views], in: space)
      #expect(relativeError(scores.reshaped([-1]), try fixture.tensor(expected)) < 1e-5)
    }
  }

  @Test func sketchedGaussianRegularization() throws {
    let fixture = try Fixtures.open("methods/lejepa.safetensors")
    let regularizer = GaussianRegularizer(slices: 64, knots: 17)
    let statistics = regularizer.statistics(of: try fixture.tensor("samples"))
    #expect(relativeError(statistics, try fixture.tensor("statistics")) < 1e-5)
    // Normal batches score lower than wide, narrow or collapsed ones, in directions that the draw alone decides.
    let normal = Tensor.normal([1, 512, 8], using: Generator(seed: 1))
    func value(_ rows: Tensor, step: Int = 0) -> Double {
      regularizer(rows, draw: BatchDraw(seed: 1, epoch: 0, step: step, samples: Array(0..<512))).mean().number
    }
    for other in [normal * 2.0, normal * 0.3, normal + 1.0, Tensor.zeros([1, 512, 8])] {
      #expect(value(other) > 10 * value(normal))
    }
    #expect(value(normal) == value(normal))
    #expect(value(normal) != value(normal, step: 1))
  }

  @Test func simDINO() throws {
    let fixture = try Fixtures.open("methods/simdino.safetensors")
    var configuration = SimDINO.Configuration()
    configuration.epsilon = try fixture.tensor("epsilon").number
    let method = SimDINO(configuration, backbone: tinyBackbone, using: Generator(seed: 0))
    let teachers = views(of: try fixture.tensor("teachers"))
    let encodings = views(of: try fixture.tensor("students")).enumerated().map {
      SimDINO.Encoding(student: $1, teacher: $0 < 2 ? teachers[$0] : nil)
    }
    #expect(relativeError(method.sampleLosses(encodings, in: context), try fixture.tensor("losses")) < 1e-5)
    let rate = try #require(method.batchLoss(encodings, in: context))
    #expect(relativeError(rate.reshaped([1]), try fixture.tensor("rate")) < 1e-5)
  }

  /// What belongs to the batch is trained on: without it nothing keeps the projections from shrinking.
  @Test func batchLossesAreTrainedOn() throws {
    func spread(regularization: Double) throws -> Double {
      var configuration = LeJEPA.Configuration()
      (configuration.projectorHidden, configuration.projectorOutput, configuration.slices) = (24, 8, 16)
      configuration.regularization = regularization
      let backbone = SmallMethods.backbone(for: LeJEPA.self)
      let method = LeJEPA(
        configuration, backbone: { backbone.makeBackbone(role: $0, using: Generator(seed: 0)) },
        using: Generator(seed: 0))
      var optimizer = OptimizerConfiguration()
      (optimizer.learningRate, optimizer.schedule.shape) = (0.5, .constant)
      let learner = try SmallMethods.learner(method, .plain, optimizer)
      var embedding = Tensor.zeros([1])
      for seed in 0..<30 {
        let pool = SmallMethods.pool(for: method, sizes: learner.selection.space.poolSizes, seed: UInt64(seed))
        let context = SmallMethods.context()
        embedding = try learner.train(
          on: learner.selection.choose(from: pool, for: method, in: context), in: context
        ).embedding
      }
      return embedding.standardDeviation(along: 0).mean().number
    }
    #expect(try spread(regularization: 0.5) > 2 * spread(regularization: 0))
  }
}
