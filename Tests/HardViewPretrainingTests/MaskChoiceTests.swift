import ImageData
import NeuralNetworks
import Optimization
import RunConfiguration
import TestSupport
import Testing
import Torch
import Views

@testable import HardViewPretraining
@testable import HardViewSelection
@testable import Objectives

/// Several masks of each drawn view, of which the hardest is chosen.
@Suite struct MaskChoiceTests {
  /// Every way to give two different crops one of their masks each, counted and drawn evenly.
  @Test func noChoiceHasAViewTwice() {
    let plan = ViewPlan([ViewGroup("global", used: 2), ViewGroup("local", used: 1, isLocal: true)])
    let space = CandidateSpace(plan: plan, poolSizes: [3, 2], masks: 2)
    let expected = (0..<6).flatMap { first in
      (first..<6).filter { $0 / 2 != first / 2 }.flatMap { second in [[first, second, 6], [first, second, 7]] }
    }
    #expect(space.candidates == expected && space.count == expected.count)
    #expect(space.poolSizes == [6, 2] && space.drawnSizes == [3, 2] && space.first == [0, 2, 6])
    var random = ViewRandom(seed: 1, epoch: 0, sample: 0, view: 0, stream: RandomStream.choice)
    var counts: [[Int]: Int] = [:]
    for _ in 0..<4800 { counts[space.randomChoice(using: &random), default: 0] += 1 }
    #expect(Set(counts.keys) == Set(expected) && counts.values.allSatisfy { abs($0 - 200) < 60 })
    let one = CandidateSpace(plan: plan, poolSizes: [3, 2], masks: 1)
    #expect(one == CandidateSpace(plan: plan, poolSizes: [3, 2]) && one.count == 6)
  }

  private static let settings = [
    "backbone.name=vit_tiny", "backbone.width=16", "backbone.depth=2", "backbone.patch_size=4",
    "method.name=ibot", "method.head_hidden=24", "method.head_bottleneck=16", "method.prototypes=32",
    "method.patch_prototypes=32", "method.mask_probability=0.7", "optimizer.name=adamw",
    "optimizer.learning_rate=0.001",
  ]

  private func configuration(_ tiny: TinyRun, _ settings: [String]) throws -> ResolvedConfiguration {
    var tree = try tiny.configuration().tree
    tree.set(.mapping([]), at: "method")
    for setting in Self.settings + settings { try tree.set(setting) }
    return try ResolvedConfiguration(tree)
  }

  /// The chosen masks are those with the highest loss among all, by losses computed for each choice alone; the pixels are
  /// those of the crops that they belong to.
  @Test(arguments: [1.0, 0.5]) func theHardestMaskIsChosenWithItsView(share: Double) throws {
    try withTemporaryDirectory { folder in
      let resolved = try configuration(
        TinyRun(in: folder),
        [
          "selection.candidates=4", "selection.masks=3", "selection.share.start=\(share)",
          "selection.share.end=\(share)",
        ])
      let parts = try CheapSelectionTests.parts(IBOT.self, resolved)
      let learner = try parts.learner(resolved.values.selection)
      let feed = BatchFeed(
        try parts.loader(
          of: resolved.open(split: .train), for: learner.selection, skipped: SkippedImages(maximumShare: 0)))
      defer { feed.stop() }
      let position = TrainingProgress(stepsPerEpoch: 4, totalEpochs: 2)
      let batch = try feed.next(at: position)
      let context = StepContext(position, BatchDraw(batch, step: 0))
      let choice = try learner.selection.choose(from: batch, for: parts.method, in: context)
      let space = choice.space
      #expect(batch.groups.map(\.parameters.count) == choice.space.drawnSizes && space.masks == 3)
      #expect(choice.parameters.count == space.viewCount)

      // Every candidate, its pixels and its mask, made by hand.
      var views: [View] = []
      for (index, group) in batch.groups.enumerated() {
        let (side, count, local) = (group.drawn.size, group.parameters.count, space.plan.groups[index].isLocal)
        let pixels = Tensor(
          copying: UnsafeRawBufferPointer(group.pixels.bytes()), shape: [count, 16, side, side, 1], dtype: .float32)
        let copies = local ? 1 : 3
        let masks = parts.method.masks(
          of: MaskedViews(group: index, count: count * copies, size: side, isLocal: local), for: context.draw)
        for view in 0..<count * copies {
          views.append(
            View(
              group: index, isLocal: local,
              pixels: pixels.narrowed(along: 0, from: view / copies, count: 1).asImages,
              mask: masks?.narrowed(along: 0, from: view, count: 1).reshaped([16, -1])))
        }
      }
      let masks = views.compactMap { $0.mask?.scalars(as: Float.self) }
      #expect(Set(masks).count == 12, "every candidate has a mask of its own")

      let selected = Int(share * 16)
      let table = choice.table()
      // The method's loss of all images for each choice; images of the batch do not depend on one another.
      let losses = withoutGradients {
        let encodings = parts.method.encode(views, for: .scoring(.score))
        return space.candidates.map { slots in
          parts.method.sampleLosses(slots.map { encodings[$0] }, in: context).scalars(as: Float.self)
        }
      }
      for image in 0..<16 {
        guard image < selected else {
          #expect(table[image] == space.first)
          continue
        }
        let chosen = losses[space.candidates.firstIndex(of: table[image])!][image]
        #expect(chosen >= losses.map { $0[image] }.max()! - 1e-4)
      }
      for (slot, view) in choice.views.enumerated() {
        let (pixels, masks) = (view.pixels.contiguous().scalars(as: Float.self), view.mask?.scalars(as: Float.self))
        for image in 0..<16 {
          let expected = views[table[image][slot]]
          func row(_ values: [Float]) -> [Float] {
            Array(values[image * values.count / 16..<(image + 1) * values.count / 16])
          }
          #expect(row(pixels) == row(expected.pixels.contiguous().scalars()))
          #expect(masks.map(row) == expected.mask.map { row($0.scalars()) })
        }
      }
      #expect(Set(table.prefix(selected).flatMap { $0.prefix(2) }.map { $0 % 3 }).count == 3)
    }
  }

  /// Small scoring, masks alone (no crop to choose) and rendering afterwards train, too.
  @Test(arguments: [["selection.candidates=2"], ["selection.scoring.scale=0.5"], ["selection.limit=8"]])
  func masksTrainWithOtherSettings(settings: [String]) throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let task = try Pretraining.start(
        configuration(tiny, settings + ["selection.masks=2", "training.epochs=1"]), output: tiny.directory("run"))
      #expect(try task.run() == .finished)
    }
  }

  @Test(arguments: [
    (["selection.masks=0"], "from 1 to 100"), (["selection.masks=2", "selection.scoring.network=teacher"], "student"),
    (["selection.masks=2", "selection.policy=all"], "choose among"),
  ])
  func masksThatCannotBeChosenAreRefused(settings: [String], reason: String) throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let error = #expect(throws: (any Error).self) { try configuration(tiny, settings) }
      #expect("\(error!)".contains("selection.masks") && "\(error!)".contains(reason))
      let simsiam = #expect(throws: (any Error).self) { try tiny.configuration(["selection.masks=2"]) }
      #expect("\(simsiam!)".contains("simsiam hides no patches"))
    }
  }
}
