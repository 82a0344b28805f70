import Corruptions
import ImageData
import NeuralNetworks
import RepresentationEvaluation
import Statistics
import Testing
import Torch
import Views

@testable import PixelEvaluation

@Suite struct RobustnessTests {
  /// A setting that cannot be used.
  struct Change: Sendable {
    let setting: String
    let apply: @Sendable (inout Robustness) -> Void

    init(_ setting: String, _ apply: @escaping @Sendable (inout Robustness) -> Void) {
      self.setting = setting
      self.apply = apply
    }
  }

  /// An encoder that sees the pixels themselves.
  private final class Pixels: Backbone {
    let featureCount = 256
    let inputChannels = 1
    let stageCount = 1

    func callAsFunction(_ images: Tensor, in phase: Phase) -> Tensor { images.reshaped([images.shape[0], -1]) }
    func features(_ images: Tensor, afterStage stage: Int, in phase: Phase) -> Tensor { self(images, in: phase) }
  }

  private var task: EncoderTask {
    var task = shapesTask(trainingImages: 120, testImages: 45)
    task.backbone = Pixels()
    return task
  }

  private func settings(_ change: (inout Robustness) -> Void = { _ in }) -> Robustness {
    var settings = Robustness()
    settings.classifier = .knn
    settings.neighbours = 5
    settings.corruptions = [.brightness, .gaussianNoise, .pixelate]
    settings.severities = [1, 5]
    settings.scale = .imageNet
    change(&settings)
    return settings
  }

  @Test func errorsAreThoseOfImagesCorruptedBeforehand() throws {
    let task = task
    let result = try settings().evaluate(task)
    #expect(result.corruptions.map(\.corruption) == [.brightness, .gaussianNoise, .pixelate])
    for errors in result.corruptions {
      for severity in errors.severities {
        let corruptor = Corruptor(errors.corruption, severity: severity.severity, scale: .imageNet)
        let images = try (0..<45).map {
          try corruptor.corrupt(task.test.image(at: $0), number: $0, seed: 0)
        }
        let corrupted = Copies(images: images, labels: task.test.labels)
        var neighbours = NearestNeighbours()
        neighbours.neighbours = [5]
        let accuracy = try neighbours.evaluate(
          train: task.features(of: task.train, with: task.backbone),
          test: task.features(of: corrupted, with: task.backbone)
        ).votes[0].accuracy
        #expect(abs(severity.error - (1 - accuracy.top1)) < 1e-9)
      }
      let mean = errors.severities.map(\.error).reduce(0, +) / 2
      #expect(abs(errors.error - mean) < 1e-9)
    }
    let mean = result.corruptions.map(\.error).reduce(0, +) / 3
    #expect(abs(result.meanCorruptionError - mean) < 1e-9)
    #expect(result.interval.lower < mean && mean < result.interval.upper)
    #expect(result.notAsPublished.isEmpty)
    #expect(result.measures.first?.name == Robustness().mainMeasure)
  }

  @Test func errorsAgainstABaselineAreDividedByItsErrors() throws {
    let first = try settings().evaluate(task)
    let itself = try settings { $0.baseline = .init(first, name: "itself") }.evaluate(task)
    let relative = try #require(itself.relative)
    #expect(abs(relative.meanCorruptionError - 1) < 1e-9)
    #expect(relative.interval.lower < 1 && 1 < relative.interval.upper)
    #expect(itself.corruptions.allSatisfy { abs($0.relativeToBaseline! - 1) < 1e-9 })
    #expect(itself.measures.map(\.name).last == "mCE against itself")
    var half = Robustness.Baseline(first, name: "twice as bad")
    for place in half.errors.indices { half.errors[place].error *= 2 }
    #expect(try abs(settings { $0.baseline = half }.evaluate(task).relative!.meanCorruptionError - 0.5) < 1e-9)
  }

  @Test func fewerImagesAreCorruptedAsAmongAll() throws {
    let all = try settings().evaluate(task)
    let some = try settings { $0.images = 15 }.evaluate(task)
    #expect(some.clean.images == 15)
    #expect(all.clean.images == 45)
    // An image has the same random numbers among few as among all: its outcome under noise is the same.
    let subset = task.test.limited(to: 15, seed: 0).indices
    var alone = task
    alone.test = Subset(task.test, indices: subset)
    let corruptor = Corruptor(.gaussianNoise, severity: 5, scale: .imageNet)
    let images = try subset.map { try corruptor.corrupt(task.test.image(at: $0), number: $0, seed: 0) }
    var neighbours = NearestNeighbours()
    neighbours.neighbours = [5]
    let accuracy = try neighbours.evaluate(
      train: task.features(of: task.train, with: task.backbone),
      test: task.features(of: Copies(images: images, labels: alone.test.labels), with: task.backbone)
    ).votes[0].accuracy
    #expect(abs(some.corruptions[1].severities[1].error - (1 - accuracy.top1)) < 1e-9)
  }

  @Test func imagesThatCannotBeReadAreToldOnceAndNotReadAgain() throws {
    var task = task
    let test = UnreadableImages(base: task.test, unreadable: [3, 40])
    task.test = test
    task.skippedShareLimit = 0.1
    let told = Tally()
    task.onSkip = { told.add($0.index) }
    let result = try settings().evaluate(task)
    #expect(result.clean.images == 43)
    #expect(told.counts == [3: 1, 40: 1])
    #expect(test.reads.counts.values.allSatisfy { $0 == 1 }, "cropped images stay in memory")
  }

  @Test func linearClassifiersLearnFromCleanImages() throws {
    var task = task
    task.train = ShapeImages(count: 120, seed: 1, places: 1)
    task.test = ShapeImages(count: 45, seed: 2, places: 1)
    let result = try settings {
      $0.classifier = .linear
      $0.probe.epochs = 10
      $0.probe.learningRates = [0.1]
      $0.corruptions = [.frost]
      $0.severities = [2]
    }.evaluate(task)
    #expect(result.clean.top1 > 0.9)
    #expect(result.notAsPublished == [.frost])
  }

  @Test(arguments: [
    Change("corruptions") { $0.corruptions = [] },
    Change("corruptions") { $0.corruptions = [.fog, .fog] },
    Change("severities") { $0.severities = [] },
    Change("severities") { $0.severities = [6] },
    Change("severities") { $0.severities = [1, 1] },
    Change("images") { $0.images = -1 },
    Change("neighbours") { $0.neighbours = 0 },
  ])
  func badSettingsAreNamed(change: Change) throws {
    let error = #expect(throws: ProtocolSettingError.self) { try settings(change.apply).evaluate(task) }
    #expect(error?.setting == change.setting)
  }

  @Test func baselinesOfOtherCorruptionsAreRefused() throws {
    let first = try settings().evaluate(task)
    let baseline = Robustness.Baseline(first, name: "first")
    for change: (inout Robustness) -> Void in [
      { $0.severities = [1] }, { $0.corruptions = [.fog] }, { $0.images = 15 },
    ] {
      let error = #expect(throws: ProtocolSettingError.self) {
        try settings {
          $0.baseline = baseline
          change(&$0)
        }.evaluate(task)
      }
      #expect(error?.setting == "baseline")
    }
  }
}

/// Images in memory.
struct Copies: ImageDataset {
  let images: [Image]
  let labels: [Int]?

  var count: Int { images.count }
  var classNames: [String]? { nil }
  var summary: String { "\(count) copies" }

  func name(at index: Int) -> String { "copy \(index)" }
  func source(at index: Int) throws(ImageError) -> any ImageSource { images[index] }
}
