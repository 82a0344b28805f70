import Foundation
import ImageData
import NeuralNetworks
import Optimization
import RunConfiguration
import RunRecords
import TestSupport
import Testing
import Torch
import ViewRecords
import Views

@testable import HardViewPretraining
@testable import HardViewSelection
@testable import Objectives

@Suite struct CheapSelectionTests {
  static let ways =
    [
      ["selection.scoring.scale=0.5"],
      ["selection.scoring.scale=0.5", "selection.phase=evaluate"],
      ["selection.drawn=6", "selection.candidates=3", "selection.audit_every_steps=2"],
      ["selection.drawn=6", "selection.candidates=2", "selection.audit_every_steps=3"],
      ["selection.drawn=6", "selection.candidates=3", "selection.audit_every_steps=2", "selection.scoring.scale=0.75"],
      ["selection.share.start=0.5", "selection.share.end=0.5", "selection.audit_every_steps=1"],
      ["selection.scoring.precision=bf16"],
    ]
    + (Engine.hasInt8Convolutions
      ? [
        ["selection.scoring.precision=int8"], ["selection.scoring.precision=int8", "selection.scoring.scale=0.5"],
      ] : [])

  /// Whatever saves time is a function of seed and step: an interrupted run ends as a whole one, bit for bit.
  @Test(arguments: ways) func interruptedRunsContinueExactly(settings: [String]) throws {
    try Self.checkInterrupted(settings)
  }

  /// In a process of its own, because libtorch keeps narrow copies of weights for all threads together.
  @Test func interruptedFloat16RunsContinueExactly() async {
    await #expect(processExitsWith: .success) { try Self.checkInterrupted(["precision=fp16"]) }
  }

  private static func checkInterrupted(_ settings: [String]) throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let whole = try tiny.train("whole", settings)
      let path = tiny.directory("cut")
      var steps = 0
      let task = try Pretraining.start(tiny.configuration(settings), output: path)
      let outcome = try task.run(
        shouldStop: {
          steps += 1
          return steps == 3
        }, observer: { _ in })
      #expect(outcome == .interrupted)
      _ = try Pretraining.resume(path).run()
      let cut = try RunDirectory.open(at: path)
      #expect(try TinyRun.weights(cut) == TinyRun.weights(whole))
      #expect(try Data(contentsOf: URL(filePath: cut.viewsPath)) == Data(contentsOf: URL(filePath: whole.viewsPath)))
    }
  }

  /// Views that are stored in the narrow type of training can be scored in the wide one.
  @Test func scoringMayBeMorePreciseThanTraining() throws {
    try withTemporaryDirectory { folder in
      let settings = ["precision=bf16", "selection.scoring.precision=fp32", "selection.audit_every_steps=2"]
      for line in try Self.metrics(TinyRun(in: folder).train("a", settings)) {
        #expect(line.loss.isFinite && abs(line.capturedHardness! - 1) < 0.2)
      }
    }
  }

  @Test func int8IsForProcessors() {
    var selection = SelectionConfiguration()
    selection.scoring.precision = .int8
    let setting = SmallMethods.setting(for: SimSiam.self)
    #expect((selection.problem(in: setting) == nil) == Engine.hasInt8Convolutions)
    let problem = selection.problem(in: setting, device: .cuda)
    #expect(problem?.path == "selection.scoring.precision" && "\(problem!)".contains("processors alone"))
  }

  /// In float16 the loss is scaled, so that training goes as in float32; a step that overflows is left out and counted.
  @Test func float16TrainsAsFloat32() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let metrics = try ["fp16", "fp32"].map {
        try Self.metrics(tiny.train($0, ["precision=\($0)", "optimizer.learning_rate=0.05"]))
      }
      for (narrow, wide) in zip(metrics[0], metrics[1]) {
        #expect(narrow.overflowedSteps == 0 && wide.overflowedSteps == nil)
        #expect(abs(narrow.loss - wide.loss) < 0.02)
      }
    }
  }

  /// A gradient that overflows changes no weight and no statistic of the method, and makes the factor smaller.
  @Test func stepsThatOverflowAreLeftOut() throws {
    let method = try SmallMethods.make(BYOL.self)
    let learner = try SmallMethods.learner(method, .plain, dtype: .float16)
    let pool = SmallMethods.pool(for: method, sizes: [2])
    let context = SmallMethods.context()
    let scaler = try #require(learner.scaler)
    // Running statistics move in the forward pass.
    func weights() -> [String: [Float]] {
      let state = method.namedState().filter { !$0.name.contains("running") && !$0.name.contains("num_batches") }
      return Dictionary(uniqueKeysWithValues: state.map { ($0.name, $0.entry.value.scalars()) })
    }
    func overflows() throws -> Bool {
      let step = try learner.train(on: learner.selection.choose(from: pool, for: method, in: context), in: context)
      return try #require(step.overflowed).number == 1
    }
    let before = weights()
    // So large a factor takes any gradient out of the range of float16.
    withoutGradients { scaler.state[0].buffer.value.copyInPlace(from: .full([], 1e30)) }
    #expect(try overflows())
    #expect(weights() == before && scaler.factor < 1e30)
    #expect(method.parameters.allSatisfy { $0.gradient == nil })
    withoutGradients { scaler.state[0].buffer.value.copyInPlace(from: .full([], 1024)) }
    #expect(try !overflows())
    #expect(weights() != before)
  }

  /// Views scored small are trained on in full, and what is trained on are the views that were chosen.
  @Test func chosenViewsAreTrainedOnInFull() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let resolved = try tiny.configuration(["selection.scoring.scale=0.5"])
      let parts = try Self.parts(SimSiam.self, resolved)
      let selection = try ViewSelection(resolved.values.selection, parts.setting)
      let batch = try Self.batch(parts, selection.drawnViews)
      #expect(batch.groups[0].pixels.count == 4 * 16 * 8 * 8)
      let context = StepContext(TrainingProgress(stepsPerEpoch: 4, totalEpochs: 2), BatchDraw(batch, step: 0))
      let before = Self.state(parts.method)
      let choice = try selection.choose(from: batch, for: parts.method, in: context)
      #expect(Self.state(parts.method) == before, "scoring at another size moves no running statistics")

      let full = try Self.batch(parts, [DrawnViews(resolved.views.groups[0].recipe, count: 4)])
      let pixels = Tensor(
        borrowing: full.groups[0].pixels.bytes(), shape: [4, 16, 16, 16, 1], dtype: .float32,
        owner: full.groups[0].pixels)
      let table = choice.table()
      for (slot, view) in choice.views.enumerated() {
        #expect(view.pixels.shape == [16, 1, 16, 16])
        let images = view.pixels.split(into: 16)
        for image in 0..<16 {
          let expected = pixels.narrowed(along: 0, from: table[image][slot], count: 1)
            .narrowed(along: 1, from: image, count: 1)
          #expect(images[image].scalars(as: Float.self) == expected.scalars(as: Float.self))
        }
      }
    }
  }

  /// The kept views hold the hardest predicted pair of all that were drawn, found by trying all.
  @Test func modelKeepsTheHardestPredictedViews() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let resolved = try tiny.configuration(Self.ways[2])
      let parts = try Self.parts(SimSiam.self, resolved)
      let candidates = Candidates(resolved.values.selection, parts.setting)
      let batch = try Self.batch(parts, candidates.drawnViews)
      #expect(batch.groups[0].pixels.count == 0 && batch.groups[0].parameters.count == 6)
      let model = HardnessModel()
      let parameters = batch.groups[0].parameters
      func keptViews() -> [[Int]]? { candidates.kept(of: parameters, ofFirst: 16, by: model) }
      #expect(keptViews() == (0..<3).map { Array(repeating: $0, count: 16) })
      let space = CandidateSpace(plan: .pair, poolSizes: [6])
      let scores = Tensor.normal([space.count, 16], using: Generator(seed: 9))
      HardnessAudit(
        .listed(scores), in: space, reference: space, parameters: parameters,
        draw: BatchDraw(seed: 0, epoch: 0, samples: batch.indices)
      ).teach(model)
      let kept = try #require(keptViews())
      #expect(kept.count == 3)
      for image in 0..<16 {
        let views = kept.map { $0[image] }
        #expect(views == views.sorted() && Set(views).count == 3)
        func hardness(_ pair: [Int]) -> Double {
          model.predict(PairGeometry.features(parameters[pair[0]][image], parameters[pair[1]][image]))
        }
        let hardest = space.candidates.max { hardness($0) < hardness($1) }!
        #expect(Set(hardest).isSubset(of: Set(views)))
        #expect(views.first { !hardest.contains($0) } == (0..<6).first { !hardest.contains($0) })
      }
    }
  }

  /// Only the first images are scored; the others train on their first views.
  @Test func shareScoresTheFirstImages() throws {
    let method = try SmallMethods.make(SimSiam.self)
    let pool = SmallMethods.pool(for: method, sizes: [4], batch: 8)
    var configuration = SelectionConfiguration()
    configuration.phase = .score
    let context = SmallMethods.context(batch: 8)
    func choose(_ pool: ViewPool, _ context: StepContext) throws -> Choice {
      try SmallMethods.selection(configuration, for: SimSiam.self).choose(from: pool, for: method, in: context)
    }
    let first = try choose(pool.prefix(4), context.prefix(4))
    configuration.share = Ramp(from: 0.5, to: 0.5)
    let some = try choose(pool, context)
    #expect(some.origin == .selected(share: 0.5) && first.origin == .selected(share: 1))
    #expect(some.table() == first.table() + Array(repeating: [0, 1], count: 4))
    #expect(try #require(some.scores).values.scores(in: some.space).shape == [6, 4])
    #expect(some.views[0].pixels.shape[0] == 8)
  }

  /// Images that are not to be selected train on random views, whatever is dropped before it is rendered: bit for bit as
  /// plain training.
  @Test(arguments: [
    ["selection.candidates=3"], ["selection.candidates=2"], ["selection.candidates=3", "selection.scoring.scale=0.5"],
  ])
  func droppingViewsLeavesUnselectedImagesAlone(settings: [String]) throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let plain = try tiny.train("plain", ["selection.policy=none"])
      let dropping = settings + ["selection.drawn=8", "selection.audit_every_steps=1", "training.epochs=2"]
      let none = try tiny.train("none", dropping + ["selection.share.start=0", "selection.share.end=0"])
      #expect(try TinyRun.weights(none)[1] == TinyRun.weights(plain)[1])
      for line in try Self.metrics(none) {
        #expect(line.selectionShare == 0 && line.selectedOverlap == line.randomOverlap)
      }
      // Where views are selected, statistics say so, and random views are still random.
      let some = try tiny.train("some", dropping)
      for (line, random) in zip(try Self.metrics(some), try Self.metrics(plain)) {
        #expect(line.selectionShare == 1 && line.randomOverlap == random.selectedOverlap)
      }
      let half = try tiny.train("half", dropping + ["selection.every_steps=2"])
      for record in try JSONLines.read(ViewsRecord.self, from: half.viewsPath) {
        #expect(record.views.count == 8 && (record.step % 2 == 0 || record.selected == [0, 1]))
      }
    }
  }

  /// Dropping views and scoring the rest is dropping, then exact selection, by numbers among the drawn views.
  @Test func choicesAreNumberedAmongTheDrawnViews() throws {
    try withTemporaryDirectory { folder in
      let resolved = try TinyRun(in: folder).configuration(Self.ways[2] + ["selection.phase=score"])
      let parts = try Self.parts(SimSiam.self, resolved)
      let selection = try ViewSelection(resolved.values.selection, parts.setting)
      let batch = try Self.batch(parts, selection.drawnViews)
      let context = StepContext(TrainingProgress(stepsPerEpoch: 4, totalEpochs: 2), BatchDraw(batch, step: 0))
      // The audit of the first step teaches the model.
      _ = try selection.choose(from: batch, for: parts.method, in: context)
      let choice = try selection.choose(from: batch, for: parts.method, in: context)
      let kept = try #require(choice.scores?.views)
      let full = try Self.batch(parts, [DrawnViews(resolved.views.groups[0].recipe, count: 6)])
      let pixels = Tensor(
        borrowing: full.groups[0].pixels.bytes(), shape: [6, 16, 16, 16, 1], dtype: .float32,
        owner: full.groups[0].pixels)
      #expect(kept.flatMap { $0 }.contains { $0 > 2 })
      for (image, views) in choice.table().enumerated() {
        #expect(Set(views).isSubset(of: kept.map { $0[image] }))
        for (slot, view) in views.enumerated() {
          let expected = pixels.narrowed(along: 0, from: view, count: 1).narrowed(along: 1, from: image, count: 1)
          let actual = choice.views[slot].pixels.narrowed(along: 0, from: image, count: 1)
          #expect(actual.scalars(as: Float.self) == expected.scalars(as: Float.self))
        }
      }
    }
  }

  @Test func auditsAreRecorded() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let exact = try Self.metrics(tiny.train("exact", ["selection.audit_every_steps=2", "selection.phase=score"]))
      for line in exact {
        let captured = try #require(line.capturedHardness)
        #expect(abs(captured - 1) < 1e-3)
        let parts = try #require(line.capturedPredictedHardness) + #require(line.capturedImageHardness)
        #expect(abs(parts - captured) < 1e-9)
        #expect(abs(line.capturedImageHardness! - line.exactImageHardness!) < 1e-3)
      }
      let easiest = try Self.metrics(
        tiny.train("easy", ["selection.audit_every_steps=2", "selection.policy=easiest", "selection.phase=score"]))
      #expect(easiest.allSatisfy { $0.capturedHardness! < 0 })
      let unaudited = try Self.metrics(tiny.train("none", []))
      #expect(unaudited.allSatisfy { $0.capturedHardness == nil })
    }
  }

  @Test(arguments: [
    ("selection.scoring.scale=0", "scoring.scale"), ("selection.scoring.scale=1.5", "scoring.scale"),
    ("selection.drawn=3", "drawn"), ("selection.drawn=8", "audit_every_steps"),
    ("selection.audit_every_steps=-1", "audit_every_steps"), ("selection.budget=0.5", "budget"),
    ("selection.scoring.precision=int4", "scoring.precision"),
    ("selection={policy: least_overlap, scoring: {score: unexplained}}", "scoring.score"),
  ])
  func mistakesNameTheirKey(setting: String, key: String) throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let error = #expect(throws: (any Error).self) { try tiny.configuration([setting]) }
      #expect("\(error!)".contains("selection.\(key)"))
      #expect(throws: (any Error).self) {
        try tiny.configuration(["selection.budget=1.2", "selection.policy=easiest"])
      }
    }
  }

  static func parts<Method: SelfSupervisedMethod>(
    _ method: Method.Type, _ resolved: ResolvedConfiguration
  ) throws -> PretrainingParts<Method> {
    try PretrainingParts<Method>(
      resolved, ResolvedConfiguration.configuration(of: method, from: resolved.values.method))
  }

  static func batch<Method: SelfSupervisedMethod>(
    _ parts: PretrainingParts<Method>, _ views: [DrawnViews]
  ) throws -> ViewBatch {
    let dataset = try parts.resolved.open(split: .train)
    let loader = try parts.loader(
      of: dataset, drawing: views, keepsImages: true, skipped: SkippedImages(maximumShare: 0))
    loader.startEpoch(0)
    defer { loader.stop() }
    return try #require(try loader.next())
  }

  static func state(_ method: any SelfSupervisedMethod) -> [[Float]] {
    method.namedState().map { $0.entry.value.scalars(as: Float.self) }
  }

  static func metrics(_ run: RunDirectory) throws -> [MetricsRecord] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try String(contentsOfFile: run.metricsPath, encoding: .utf8).split(separator: "\n").map {
      try decoder.decode(MetricsRecord.self, from: Data($0.utf8))
    }
  }
}
