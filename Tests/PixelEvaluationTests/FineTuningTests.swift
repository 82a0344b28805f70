import ImageData
import NeuralNetworks
import RepresentationEvaluation
import Statistics
import Testing
import Torch
import Views

@testable import PixelEvaluation

@Suite struct FineTuningTests {
  /// A setting that cannot be used.
  struct Change: Sendable {
    let setting: String
    let apply: @Sendable (inout FineTuning) -> Void

    init(_ setting: String, _ apply: @escaping @Sendable (inout FineTuning) -> Void) {
      self.setting = setting
      self.apply = apply
    }
  }

  private func settings(_ change: (inout FineTuning) -> Void = { _ in }) -> FineTuning {
    var settings = FineTuning()
    settings.epochs = 4
    settings.warmupEpochs = 1
    settings.batchSize = 30
    settings.learningRates = [0.05]
    settings.layerDecay = 1
    settings.cropScale = [0.9, 1]
    settings.mixup = 0
    settings.cutMix = 0
    change(&settings)
    return settings
  }

  @Test func trainingLearnsAndLeavesTheEncoderAsItIs() throws {
    let task = shapesTask()
    let before = task.backbone.namedState().map { $0.entry.value.scalars(as: Float.self) }
    let result = try settings { $0.epochs = 24 }.evaluate(task)
    #expect(task.backbone.namedState().map { $0.entry.value.scalars(as: Float.self) } == before)
    #expect(result.losses.count == 24)
    #expect(result.losses.last! < result.losses.first! * 0.8)
    #expect(result.test.top1 > 0.5)
    #expect(result.steps == 72)
    #expect(result.chosenEpoch == nil && result.heldOut.isEmpty)
    #expect(result.measures.first?.name == FineTuning().mainMeasure)
    #expect(result.test.top1Interval.lower < result.test.top1 && result.test.top1 <= result.test.top1Interval.upper)
  }

  @Test func theSameSeedGivesTheSameResultOnAnyNumberOfThreads() throws {
    var task = shapesTask(trainingImages: 60, testImages: 30)
    let mixed = settings {
      $0.mixup = 0.8
      $0.cutMix = 1
      $0.epochs = 2
    }
    let first = try mixed.evaluate(task)
    task.threads = 2
    let second = try mixed.evaluate(task)
    #expect(first.losses == second.losses)
    #expect(first.outcomes == second.outcomes)
    var other = mixed
    other.seed = 1
    #expect(try other.evaluate(task).losses != first.losses)
  }

  @Test func ratesAreChosenOnHeldOutTrainingImages() throws {
    let result = try settings {
      $0.learningRates = [1e-6, 0.05]
      $0.epochs = 3
      $0.heldOutShare = 0.2
    }.evaluate(shapesTask())
    #expect(result.heldOutImages == 18)
    #expect(result.heldOut.map(\.learningRate) == [1e-6, 0.05])
    let best = try #require(result.heldOut.map(\.top1).max())
    let chosen = try #require(result.heldOut.first { $0.top1 == best })
    #expect(result.learningRate == chosen.learningRate)
    #expect(result.chosenEpoch == chosen.bestEpoch)
    #expect(result.heldOut.allSatisfy { $0.bestTop1 >= $0.top1 && (1...3).contains($0.bestEpoch) })
    #expect(result.measures.map(\.name) == ["finetune", "finetune, chosen epoch"])
  }

  @Test func imagesThatCannotBeReadAreToldOnce() throws {
    var task = shapesTask(trainingImages: 60, testImages: 30)
    task.test = UnreadableImages(base: task.test, unreadable: [7])
    task.skippedShareLimit = 0.1
    let told = Tally()
    task.onSkip = { told.add($0.index) }
    let result = try settings {
      $0.learningRates = [0.01, 0.05]
      $0.epochs = 2
    }.evaluate(task)
    #expect(result.test.images == 29)
    #expect(told.counts == [7: 1])
  }

  @Test func fewLabelsAreSoManyOfEachClass() throws {
    let result = try settings { $0.imagesPerClass = 5 }.evaluate(shapesTask())
    #expect(result.trainingImages == 15)
    #expect(result.steps == 4)
    #expect(
      throws: EvaluationDataError.scarceClasses(
        ["'lying'", "'standing'", "'square'"].map { .init(name: $0, images: 30) }, needed: 31)
    ) {
      try settings { $0.imagesPerClass = 31 }.evaluate(shapesTask())
    }
  }

  @Test func copiesStartAsTheEncoderUnlessFromScratch() throws {
    let task = shapesTask(trainingImages: 30, testImages: 30)
    func loss(_ fromScratch: Bool, seed: UInt64, encoder: UInt64) throws -> Double {
      var task = task
      task.backbone = task.configuration.makeBackbone(using: Generator(seed: encoder))
      return try settings {
        $0.epochs = 1
        $0.fromScratch = fromScratch
        $0.seed = seed
      }.evaluate(task).losses[0]
    }
    #expect(try loss(false, seed: 0, encoder: 5) != loss(false, seed: 0, encoder: 6))
    #expect(try loss(true, seed: 0, encoder: 5) == loss(true, seed: 0, encoder: 6))
  }

  @Test(arguments: [
    Change("epochs") { $0.epochs = 0 },
    Change("warmup-epochs") { $0.warmupEpochs = 5 },
    Change("batch-size") { $0.batchSize = 1 },
    Change("learning-rates") { $0.learningRates = [] },
    Change("learning-rates") { $0.learningRates = [0.1, -1] },
    Change("layer-decay") { $0.layerDecay = 0 },
    Change("weight-decay") { $0.weightDecay = -1 },
    Change("mixup") { $0.mixup = .nan },
    Change("cutmix") { $0.cutMix = -1 },
    Change("label-smoothing") { $0.labelSmoothing = 1 },
    Change("crop-scale") { $0.cropScale = [0.5, 0.2] },
    Change("flip") { $0.flipProbability = 2 },
    Change("rand-augment") { $0.randAugment.magnitude = 31 },
    Change("per-class") { $0.imagesPerClass = -1 },
    Change("held-out-share") { $0.heldOutShare = 1 },
  ])
  func badSettingsAreNamed(change: Change) throws {
    let error = #expect(throws: ProtocolSettingError.self) { try settings(change.apply).evaluate(shapesTask()) }
    #expect(error?.setting == change.setting)
    #expect(error?.description.hasPrefix("finetune: \(change.setting) ") == true)
  }
}
