import Foundation
import ImageData
import NeuralNetworks
import Objectives
import Optimization
import RunRecords
import TestSupport
import Testing
import Torch

@testable import HardViewPretraining
@testable import HardViewSelection

/// Which images have their views selected, and how many.
@Suite struct ImageHistoryTests {
  /// Hard views raise the loss of any image: those that had some are compared among themselves.
  @Test func ledgerComparesImagesOfAKind() {
    let ledger = ImageLedger(imageCount: 8)
    ledger.record([10, 14, 1, 3], of: [5, 2, 7, 0], selectedCount: 2)
    // Below their kind's mean: 5 and 7, in the order of the batch; 4 is unknown, at the mean.
    #expect(ledger.order([0, 2, 4, 5, 7], favoring: .easiest, parts: 1) == [3, 4, 2, 0, 1])
    #expect(ledger.order([0, 2, 4, 5, 7], favoring: .hardest, parts: 1) == [0, 1, 2, 3, 4])
    // The latest losses count for half: 5 goes from -1/2 to (-1/2 + 1) / 2, and 2 from 1/2 to -1/4, behind 7 at -1/2.
    ledger.record([3, 1], of: [5, 2], selectedCount: 2)
    #expect(ledger.order([5, 7, 2, 0], favoring: .easiest, parts: 1) == [1, 2, 0, 3])
    // What is not finite, or alone of its kind, says nothing.
    ledger.record([.nan, 5, .infinity, 7], of: [0, 1, 2, 3], selectedCount: 2)
    #expect(ledger.order([0, 1, 2, 3], favoring: .easiest, parts: 1) == [2, 1, 3, 0])
  }

  /// Each part of a batch has its share of the favored images.
  @Test func partsShareTheFavoredImages() {
    let ledger = ImageLedger(imageCount: 0)
    let losses: [Float] = [4, 1, 3, 0, 5, 2]
    ledger.record(losses, of: Array(0..<6), selectedCount: 0)
    #expect(ledger.order(Array(0..<6), favoring: .easiest, parts: 2) == [3, 5, 0, 1, 2, 4])
    #expect(ledger.order(Array(0..<6), favoring: .easiest, parts: 1).map { losses[$0] } == [0, 1, 2, 3, 4, 5])
  }

  /// The share is 1 at first, falls as the gain falls below its peak, and rises again with it.
  @Test func shareFollowsTheGain() {
    let gain = HardnessGain()
    for _ in 0..<49 { gain.record(2) }
    #expect(gain.share == 1)
    for _ in 0..<300 { gain.record(2) }
    #expect(abs(gain.share - 1) < 1e-9)
    for _ in 0..<600 { gain.record(0.5) }
    #expect(abs(gain.share - 0.25) < 1e-3)
    for _ in 0..<600 { gain.record(-1) }
    #expect(gain.share == 0.1)
    gain.record(.nan)
    for _ in 0..<600 { gain.record(2) }
    #expect(abs(gain.share - 1) < 1e-3)
  }

  private static let favoring = [
    "selection.favors=easiest", "selection.share.start=0.5", "selection.share.end=0.5", "training.epochs=4",
    "selection.scoring.score=unexplained",
  ]

  /// What the second epoch's batches select for are the images with the lower losses in the first.
  @Test(arguments: [1, 2]) func easyImagesAreSelectedFor(accumulation: Int) throws {
    try withTemporaryDirectory { folder in
      let resolved = try TinyRun(in: folder).configuration(
        Self.favoring + ["optimizer.learning_rate=1e-12", "training.accumulation=\(accumulation)"])
      let parts = try CheapSelectionTests.parts(SimSiam.self, resolved)
      let learner = try parts.learner(resolved.values.selection, accumulation: accumulation)
      let dataset = try resolved.open(split: .train)
      let feed = BatchFeed(
        try parts.loader(of: dataset, for: learner.selection, skipped: SkippedImages(maximumShare: 0)))
      defer { feed.stop() }
      var standings: [Int: Double] = [:]
      var position = TrainingProgress(stepsPerEpoch: 4, totalEpochs: 4)
      for step in 0..<8 {
        position.step = step
        let batch = try feed.next(at: position)
        let taken = try learner.step(on: batch, in: StepContext(position, BatchDraw(batch, step: step)))
        let images = taken.context.draw.samples
        #expect(images.sorted() == batch.indices.sorted())
        let size = images.count / accumulation
        for (part, choice) in taken.choices.enumerated() {
          #expect(choice.selectedCount == size / 2 && choice.scores?.slots.shape[1] == size / 2)
          let known = images[part * size..<(part + 1) * size].map { standings[$0] ?? 0 }
          if step >= 4 {
            #expect(known.prefix(size / 2).max()! <= known.suffix(size / 2).min()!)
            #expect(Set(known).count == size)
          }
          // The loss of each image's trained pair, computed anew: weights have not moved.
          let losses = try Self.losses(
            of: choice,
            batch.selecting(
              taken.context.draw.samples.map {
                batch.indices.firstIndex(of: $0)!
              }
            ).split(into: accumulation)[part], learner, parts)
          for alike in [0..<size / 2, size / 2..<size] {
            let mean = alike.reduce(0) { $0 + losses[$1] } / Double(alike.count)
            let deviation = (alike.reduce(0) { $0 + pow(losses[$1] - mean, 2) } / Double(alike.count)).squareRoot()
            for place in alike {
              let old = standings[images[part * size + place]] ?? 0
              standings[images[part * size + place]] = (old + (losses[place] - mean) / deviation) / 2
            }
          }
        }
      }
    }
  }

  private static func losses(
    of choice: Choice, _ batch: ViewBatch, _ learner: HardViewLearner<SimSiam>, _ parts: PretrainingParts<SimSiam>
  ) throws -> [Double] {
    let table = choice.table()
    let (side, count) = (batch.groups[0].drawn.size, batch.groups[0].parameters.count)
    let pool = Tensor(
      copying: UnsafeRawBufferPointer(batch.groups[0].pixels.bytes()),
      shape: [count, batch.indices.count, side, side, 1], dtype: .float32)
    let slots = Tensor(table.flatMap { $0 }, shape: [table.count, 2]).transposed()
    let views = ViewPool(groups: [pool]).gathered(slots, from: choice.space)
    return withoutGradients {
      let encodings = learner.method.encode(views, for: .training)
      let context = SmallMethods.context(batch: table.count)
      return learner.method.sampleLosses(encodings, in: context).scalars(as: Float.self).map(Double.init)
    }
  }

  /// What is known of the images, and of hardness, is part of a checkpoint.
  @Test func interruptedRunsKnowTheirImages() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let settings = Self.favoring + ["selection.share_follows_gain=true"]
      let whole = try TinyRun.weights(tiny.train("whole", settings))
      for stopAfter in [3, 9] {
        let path = tiny.directory("stopped-\(stopAfter)")
        var steps = 0
        let outcome = try Pretraining.start(tiny.configuration(settings), output: path).run(
          shouldStop: { steps == stopAfter }, observer: { if case .step = $0 { steps += 1 } })
        #expect(outcome == .interrupted)
        #expect(try Pretraining.resume(path).run() == .finished)
        #expect(try TinyRun.weights(.open(at: path)) == whole)
      }
      #expect(try TinyRun.weights(tiny.train("any", settings + ["selection.favors=any"])) != whole)
    }
  }

  @Test(arguments: [
    (["selection.favors=easiest"], "selection.favors"),
    (["selection.share_follows_gain=true", "selection.policy=least_overlap"], "selection.share_follows_gain"),
    (["selection.share_follows_gain=true", "selection.targets=mean"], "selection.targets"),
    (["selection.share_follows_gain=true", "selection.budget=1.2"], "selection.budget"),
  ])
  func settingsThatDoNothingAreRefused(settings: [String], key: String) throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let error = #expect(throws: (any Error).self) { try tiny.configuration(settings) }
      #expect("\(error!)".contains(key))
      // Baselines take the same section.
      _ = try tiny.configuration(["selection.favors=easiest", "selection.share.end=0.5", "selection.policy=none"])
    }
  }
}

/// Scores of choices against those listed one by one.
@Suite struct ScoreSummaryTests {
  @Test func meansAndChosenScoresAreThoseOfTheList() {
    let plan = ViewPlan([
      ViewGroup("a", used: 1), ViewGroup("b", used: 1), ViewGroup("local", used: 2, isLocal: true),
      ViewGroup("tiny", used: 1, isLocal: true),
    ])
    let space = CandidateSpace(plan: plan, poolSizes: [2, 3, 4, 2])
    // Local views, the last six, are not related to one another.
    let related = Tensor((0..<121).map { Float(min($0 / 11, $0 % 11) < 5 || $0 / 11 == $0 % 11 ? 1 : 0) })
    let half = Tensor.normal([11, 11, 5], using: Generator(seed: 3)) * related.reshaped([11, 11, 1])
    let additive = ViewScores.additive(PairScores(half + half.permuted([1, 0, 2])))
    let list = additive.scores(in: space)
    let listed = ViewScores.listed(list)
    let rows = (0..<5).map { ($0 * 17 + 3) % space.count }
    let slots = Tensor(rows.flatMap { space.candidates[$0] }, shape: [5, 5]).transposed().contiguous()
    let values = list.scalars(as: Float.self)
    for scores in [additive, listed] {
      let (means, chosen) = (
        scores.mean(in: space).scalars(as: Float.self), scores.scores(at: slots, in: space).scalars(as: Float.self)
      )
      for image in 0..<5 {
        let own = stride(from: image, to: values.count, by: 5).map { values[$0] }
        #expect(abs(means[image] - own.reduce(0, +) / Float(own.count)) < 1e-5)
        #expect(abs(chosen[image] - own[rows[image]]) < 1e-5)
      }
    }
  }
}
