import Foundation
import HardViewPretraining
@testable import HardViewSelection
import NeuralNetworks
import Objectives
import Optimization
import TestSupport
import Testing
import Torch
import Views

@Suite struct SelectionTests {
  private let space = CandidateSpace(plan: .pair, poolSizes: [4])
  private let draw = BatchDraw(seed: 3, epoch: 1, samples: [5, 9, 40])
  static let multiCrop = ViewPlan([
    ViewGroup("even", used: 1), ViewGroup("odd", used: 1), ViewGroup("local", used: 2, isLocal: true),
  ])
  /// Scores of six pairs for three images.
  private let scores = Tensor(
    [
      1, 6, 2,
      5, 6, 1,
      5, 2, 9,
      0, 3, 4,
      9, 1, 1,
      2, 8, 1,
    ] as [Float], shape: [6, 3])

  @Test func choicesAreListedAsPublished() {
    #expect(space.candidates == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]])
    let dino = CandidateSpace(plan: Self.multiCrop, poolSizes: [2, 2, 4])
    #expect(dino.count == 2 * 2 * 6)
    #expect(dino.globals == [[0, 2], [0, 3], [1, 2], [1, 3]])
    #expect(dino.candidates.first == [0, 2, 4, 5] && dino.first == [0, 2, 4, 5])
    #expect(Set(dino.candidates).count == dino.count)
    // Nothing is listed to count them.
    let many = ViewPlan([
      ViewGroup("even", used: 1), ViewGroup("odd", used: 1), ViewGroup("local", used: 10, isLocal: true),
    ])
    #expect(CandidateSpace(plan: many, poolSizes: [2, 2, 16]).count == 32_032)
  }

  /// The index of each image's choice in `space.candidates`.
  private func choose(_ selector: any ViewSelector, _ scores: Tensor?, boxes: [[CropBox]]? = nil) -> [Int] {
    let context = SelectionContext(
      space: space, draw: draw, position: TrainingProgress(stepsPerEpoch: 1, totalEpochs: 1), boxes: boxes)
    return rows(selector.choose(scores.map { .listed($0) }, in: context))
  }

  private func rows(_ slots: Tensor) -> [Int] {
    let slots = slots.transposed().scalars(as: Int.self)
    return stride(from: 0, to: slots.count, by: 2).map { space.candidates.firstIndex(of: Array(slots[$0..<$0 + 2]))! }
  }

  @Test func hardestAndEasiestTakeTheFirstOfEquals() {
    #expect(choose(Hardest(), scores) == [4, 5, 2])
    #expect(choose(Easiest(), scores) == [3, 4, 1])
    let tied = Tensor.zeros([6, 3])
    #expect(choose(Hardest(), tied) == [0, 0, 0])
    #expect(choose(Easiest(), tied) == [0, 0, 0])
  }

  @Test func quantilesLieBetweenEasiestAndHardest() {
    for (quantile, expected) in [(1.0, [4, 5, 2]), (0.0, [3, 4, 1]), (0.8, [1, 0, 3])] {
      let chosen = choose(QuantileChoice(quantile), scores)
      for (image, choice) in chosen.enumerated() {
        // Equal scores are as hard as one another.
        let column = (0..<6).map { scores.scalars(as: Float.self)[$0 * 3 + image] }
        #expect(column[choice] == column[expected[image]], "\(quantile) of image \(image)")
      }
    }
  }

  @Test func anchorKeepsTheFirstView() {
    #expect(choose(Hardest(Eligibility(keepsFirstView: true)), scores) == [1, 0, 2])
  }

  @Test func overlapFloorAvoidsPairsThatHardlyOverlap() {
    // View 0 to 3 of each image: equal boxes but for view 3, which lies apart, and for the last image all apart but one
    // pair that touches.
    let same = CropBox(top: 0, left: 0, height: 10, width: 10)
    let apart = CropBox(top: 50, left: 50, height: 10, width: 10)
    func far(_ step: Int) -> CropBox { CropBox(top: 100 * step, left: 0, height: 10, width: 10) }
    let boxes = [
      [same, same, far(1)], [same, same, far(2)], [same, same, CropBox(top: 209, left: 0, height: 10, width: 10)],
      [apart, apart, far(3)],
    ]
    let floor = Eligibility(overlapFloor: 0.5)
    // Pairs with view 3 are out; the last image takes the pair that overlaps most, (1, 2).
    #expect(choose(Hardest(floor), scores, boxes: boxes) == [1, 0, 3])
    #expect(choose(Easiest(floor), scores, boxes: boxes) == [3, 3, 3])
    // Of the last image only (1, 2) overlaps at all, so whatever is sampled is marked down to it.
    #expect(choose(AmongHardest(1, eligibility: floor), scores, boxes: boxes)[2] == 3)
    #expect(choose(SoftmaxSampling(temperature: 1, eligibility: floor), scores, boxes: boxes)[2] == 3)
    #expect(Hardest(floor).needsBoxes && !Hardest().needsBoxes)
  }

  @Test func overlapThresholdTakesWhatPassesOrTheLast() {
    let same = CropBox(top: 0, left: 0, height: 10, width: 10)
    let apart = CropBox(top: 50, left: 50, height: 10, width: 10)
    // Only pairs with view 3 pass.
    let boxes = [[same, same, same], [same, same, same], [same, same, same], [apart, apart, apart]]
    for choice in choose(OverlapThreshold(), nil, boxes: boxes) { #expect([2, 4, 5].contains(choice)) }
    var limit = OverlapThreshold.Limit()
    (limit.start, limit.end, limit.warmupEpochs) = (0.2, 0.4, 2)
    func value(_ epoch: Int) -> Double {
      limit.value(at: TrainingProgress(step: epoch, stepsPerEpoch: 1, totalEpochs: 5))
    }
    #expect(value(0) == 1 && value(1) == 1 && value(2) == 0.2)
    #expect(abs(value(3) - 0.3) < 1e-12 && abs(value(4) - 0.4) < 1e-12)
  }

  @Test func leastOverlapIsTheHardestByOverlap() {
    let boxes = (0..<4).map { view in
      (0..<3).map { image in CropBox(top: 3 * view * (image + 1) % 20, left: view * 4, height: 20, width: 20) }
    }
    let parameters = boxes.map { $0.map { ViewParameters(sourceWidth: 300, sourceHeight: 300, crop: $0) } }
    let pool = ViewPool([ViewPool.Group(.zeros([4, 3, 2, 2, 1]), parameters: parameters)])
    let scored = OverlapScorer().score(
      pool, in: space, method: SelectionTests.tinySimSiam(),
      context: StepContext(TrainingProgress(stepsPerEpoch: 1, totalEpochs: 1)))
    for (image, choice) in rows(scored.scores.hardest(in: space)).enumerated() {
      let overlaps = space.candidates.map { boxes[$0[0]][image].intersectionOverUnion(with: boxes[$0[1]][image]) }
      #expect(overlaps[choice] == overlaps.min())
    }
  }

  @Test(arguments: [0, 1, 4])
  func leastSimilarComparesFeaturesAfterAStage(stage: Int) {
    let method = Self.tinySimSiam()
    let pool = ViewPool(groups: [.normal([4, 3, 16, 16, 1], using: Generator(seed: 1))])
    let scores = FeatureScorer(stage: stage, ScoringPass(phase: .evaluate)).score(
      pool, in: space, method: method, context: StepContext(TrainingProgress(stepsPerEpoch: 1, totalEpochs: 1))
    ).scores.scores(in: space)
    let features = withoutGradients {
      pool.views.map { method.encoder.features($0.pixels, afterStage: stage, in: .evaluate) }
    }
    for (row, pair) in space.candidates.enumerated() {
      let expected = -features[pair[0]].cosineSimilarity(to: features[pair[1]])
      let actual = scores.narrowed(along: 0, from: row, count: 1).reshaped([-1])
      #expect(relativeError(actual, expected) < 1e-5)
    }
    // The last stage is what the encoder gives.
    if stage == 4 {
      let output = withoutGradients { method.encoder(pool.views[0].pixels, in: .evaluate) }
      #expect(relativeError(features[0], output) < 1e-6)
    }
  }

  @Test func samplingPrefersHarderChoices() {
    let images = 4000
    let many = BatchDraw(seed: 3, epoch: 1, samples: Array(0..<images))
    let context = SelectionContext(
      space: space, draw: many, position: TrainingProgress(stepsPerEpoch: 1, totalEpochs: 1))
    let column = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [6, 1]).expanded(to: [6, images]).contiguous()
    func counts(_ selector: any ViewSelector) -> [Double] {
      let chosen = rows(selector.choose(.listed(column), in: context))
      return (0..<6).map { candidate in Double(chosen.count { $0 == candidate }) / Double(images) }
    }
    let deviation = (35.0 / 12 * 6 / 5).squareRoot()
    let weights = (1...6).map { exp(Double($0) / (deviation * 0.7)) }
    let expected = weights.map { $0 / weights.reduce(0, +) }
    for (share, probability) in zip(counts(SoftmaxSampling(temperature: 0.7)), expected) {
      #expect(abs(share - probability) < 0.03)
    }
    let among = counts(AmongHardest(2))
    #expect(among[0..<4].allSatisfy { $0 == 0 } && abs(among[4] - 0.5) < 0.03)
    #expect(counts(SoftmaxSampling(temperature: 1e-3))[5] == 1)
  }

  /// A share of the images, times of training, and every k-th step.
  @Test func selectionTakesPlaceWhenAndWhereItShould() throws {
    func progress(_ step: Int) -> TrainingProgress { TrainingProgress(step: step, stepsPerEpoch: 10, totalEpochs: 10) }
    let times = SelectionTimes(everySteps: 2, from: 0.2, until: 0.6, share: Ramp(from: 0, to: 1))
    #expect(times.share(at: progress(18)) == 0 && times.share(at: progress(60)) == 0)
    #expect(abs(times.share(at: progress(40)) - 0.5) < 1e-12 && times.share(at: progress(41)) == 0)

    let images = 2000
    let pool = ViewPool(groups: [.zeros([4, images, 1, 1, 1])])
    let many = BatchDraw(seed: 3, epoch: 1, samples: Array(0..<images))
    struct Fixed: ViewScorer {
      func score<Method: SelfSupervisedMethod>(
        _ pool: ViewPool, in space: CandidateSpace, method: Method, context: StepContext
      ) -> ScoredViews {
        ScoredViews(.listed(Tensor([0, 0, 0, 0, 0, 1] as [Float], shape: [6, 1]).expanded(to: [6, pool.batchSize])))
      }
    }
    let policy = Policy(
      scorer: Fixed(), selector: Hardest(), times: SelectionTimes(share: Ramp(from: 0.3, to: 0.3)))
    let choice = try ViewSelection(policy: policy, in: SmallMethods.setting(for: SimSiam.self)).choose(
      from: pool, for: Self.tinySimSiam(), in: StepContext(progress(0), many))
    let chosen = choice.table().map { space.candidates.firstIndex(of: $0)! }
    #expect(abs(Double(chosen.count { $0 == 5 }) / Double(images) - 0.3) < 0.03)
    #expect(chosen.allSatisfy { $0 == 5 || $0 == 0 })
  }

  @Test func uniformChoiceIsAFunctionOfSeedEpochAndImage() {
    func choose(_ draw: BatchDraw) -> [Int] { rows(draw.randomChoices(from: space)) }
    var large = draw
    large.samples = Array(0..<6000)
    let choices = choose(large)
    #expect(choices == choose(large))
    var reversed = large
    reversed.samples.reverse()
    #expect(choose(reversed) == choices.reversed())
    var later = large
    later.epoch = 2
    #expect(choose(later) != choices)
    for candidate in 0..<6 {
      let count = choices.count { $0 == candidate }
      #expect(abs(count - 1000) < 150, "choice \(candidate) was taken \(count) times of 6000")
    }
  }

  @Test func gatheredViewsAreTheChosenPixels() {
    let pixels = Tensor((0..<4 * 3 * 2 * 2 * 3).map { Float($0) }, shape: [4, 3, 2, 2, 3])
    let pool = ViewPool(groups: [pixels])
    let chosen = [4, 0, 5].map { space.candidates[$0] }
    let slots = pool.gathered(Tensor(chosen.flatMap { $0 }, shape: [3, 2]).transposed(), from: space)
    let views = pool.views
    for (image, candidate) in [4, 0, 5].enumerated() {
      for slot in 0..<2 {
        let expected = views[space.candidates[candidate][slot]].pixels.narrowed(along: 0, from: image, count: 1)
        let actual = slots[slot].pixels.narrowed(along: 0, from: image, count: 1)
        #expect(actual.scalars(as: Float.self) == expected.scalars(as: Float.self))
      }
    }
    #expect(slots[0].pixels.shape == [3, 3, 2, 2])
    #expect(slots[0].pixels.isChannelsLast)
  }

  @Test(arguments: Phase.allCases)
  func scoringMovesWhatThePhaseSays(phase: Phase) {
    let method = Self.tinySimSiam()
    func state(_ suffix: String) -> [[Float]] {
      method.namedState().filter { $0.name.hasSuffix(suffix) }.map { $0.entry.value.scalars() }
    }
    let pool = ViewPool(groups: [.normal([4, 3, 16, 16, 1], using: Generator(seed: 1))])
    let weights = state("weight")
    let running = state("running_mean")
    let scorer = LossScorer(ScoringPass(phase: phase))
    let progress = TrainingProgress(stepsPerEpoch: 1, totalEpochs: 1)
    let scores = scorer.score(pool, in: space, method: method, context: StepContext(progress)).scores.scores(in: space)
    #expect(scores.shape == [6, 3])
    #expect(!scores.requiresGradient)
    #expect(state("weight") == weights)
    #expect((state("running_mean") == running) == (phase != .train))
    #expect(method.parameters.allSatisfy { $0.gradient == nil })
  }

  @Test func missingCropsAreAnError() {
    let pool = ViewPool(groups: [.zeros([4, 3, 16, 16, 1])])
    let progress = TrainingProgress(stepsPerEpoch: 1, totalEpochs: 1)
    for (scorer, selector) in [
      (OverlapScorer(), Hardest()), (LossScorer(), OverlapThreshold()),
      (LossScorer(), Hardest(Eligibility(overlapFloor: 0.2))),
    ] as [(any ViewScorer, any ViewSelector)] {
      #expect(throws: MissingBoxesError.self) {
        try ViewSelection(
          policy: Policy(scorer: scorer, selector: selector), in: SmallMethods.setting(for: SimSiam.self)
        ).choose(
          from: pool, for: Self.tinySimSiam(), in: StepContext(progress, draw))
      }
    }
  }

  /// What is drawn for a whole batch depends on the step, not on which images are in it.
  @Test func limitedChoicesAreTheSameForEveryPartOfABatch() {
    let space = CandidateSpace(plan: .pair, poolSizes: [8])
    func choices(_ samples: [Int], step: Int) -> [[Int]] {
      let context = SelectionContext(
        space: space, draw: BatchDraw(seed: 3, epoch: 0, step: step, samples: samples),
        position: TrainingProgress(stepsPerEpoch: 10, totalEpochs: 1))
      return Eligibility(limit: 5).ranked(.listed(.zeros([space.count, samples.count])), in: context).choices
    }
    #expect(choices([5, 9], step: 1) == choices([40, 2, 7], step: 1))
    #expect(choices([5, 9], step: 1) != choices([5, 9], step: 2))
  }

  @Test func oneChoiceIsNotScored() throws {
    struct Refusing: ViewScorer {
      func score<Method: SelfSupervisedMethod>(
        _ pool: ViewPool, in space: CandidateSpace, method: Method, context: StepContext
      ) -> ScoredViews {
        Issue.record("a pool of two views was scored")
        return ScoredViews(.listed(.zeros([1, 3])))
      }
    }
    let pool = ViewPool(groups: [.normal([2, 3, 16, 16, 1], using: Generator(seed: 1))])
    var configuration = SelectionConfiguration()
    configuration.candidates = 2
    let choice = try ViewSelection(
      policy: Policy(scorer: Refusing(), selector: Hardest()), configuration,
      in: SmallMethods.setting(for: SimSiam.self)
    ).choose(
      from: pool, for: Self.tinySimSiam(), in: StepContext(TrainingProgress(stepsPerEpoch: 1, totalEpochs: 1), draw))
    #expect(choice.views.count == 2 && choice.slots == nil && choice.scores == nil && choice.origin == .random)
  }

  static func tinySimSiam() -> SimSiam {
    var backbone = BackboneConfiguration()
    backbone.name = .resnet18
    backbone.stem = .cifar
    backbone.width = 8
    backbone.channels = 1
    var configuration = SimSiam.Configuration()
    configuration.projectorOutput = 16
    configuration.predictorHidden = 8
    return SimSiam(
      configuration, backbone: { backbone.makeBackbone(role: $0, using: Generator(seed: 0)) }, using: Generator(seed: 0)
    )
  }
}
