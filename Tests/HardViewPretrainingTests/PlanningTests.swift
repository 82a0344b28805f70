import Foundation
import ImageData
import NeuralNetworks
import Optimization
import RunRecords
import TestSupport
import Testing
import Torch
import Views

@testable import HardViewPretraining
@testable import HardViewSelection
@testable import Objectives

@Suite struct PlanningTests {
  /// A way that costs so many plain steps and captures such a share of exact selection's image-specific hardness.
  private func way(
    _ name: String, overhead: Double, kept: Double, targets: TargetChoice = .chosen
  ) -> PolicyMeasurement {
    var selection = SelectionConfiguration()
    selection.targets = targets
    let space = CandidateSpace(plan: .pair, poolSizes: [3])
    // Losses 0, 1 and 0 of one image; a choice of the middle one captures all, and shares dilute it.
    let audit = HardnessAudit(
      .listed(Tensor([0, 1, 0] as [Float], shape: [3, 1])), in: space, reference: space,
      parameters: HardnessTests.draws(3).map { Array($0.prefix(1)) },
      draw: BatchDraw(seed: 0, epoch: 0, samples: [0]))
    let captured = audit.captured(by: [[0, 2]], model: HardnessModel()).diluted(to: kept)
    return PolicyMeasurement(
      policy: CheaperPolicy(summary: name, settings: [], selection: selection), plainSeconds: 1,
      selectionSeconds: overhead - 1, auditSeconds: 9, captured: captured)
  }

  /// What a way cannot do without counts.
  @Test func auditsAreCosts() {
    var selection = SelectionConfiguration()
    for (interval, seconds) in [(0, 2.5), (50, 2.56), (1, 5.5)] {
      selection.auditEverySteps = interval
      let measurement = PolicyMeasurement(
        policy: CheaperPolicy(summary: "", settings: [], selection: selection), plainSeconds: 2, selectionSeconds: 0.5,
        auditSeconds: 3, captured: CapturedHardness())
      #expect(abs(measurement.stepSeconds - seconds) < 1e-9 && abs(measurement.overhead - seconds / 2) < 1e-9)
    }
  }

  @Test func cheapestThatKeepsTheGainIsTaken() {
    let ways = [
      way("exact", overhead: 1.7, kept: 1), way("half", overhead: 1.2, kept: 0.92),
      way("tiny", overhead: 1.05, kept: 0.4),
      way("three", overhead: 1.4, kept: 0.95),
    ]
    #expect(PolicyChoice.best(of: ways).policy.summary == "half")
    #expect(PolicyChoice.best(of: ways, budget: 1.3).policy.summary == "half")
    // Nothing keeps it within 1.1: half of the images by halves keeps 46 %, more than the tiny one for all.
    let diluted = PolicyChoice.best(of: ways, budget: 1.1)
    #expect(diluted.policy.summary.hasPrefix("half, for 50 %"))
    #expect(abs(diluted.overhead - 1.1) < 1e-9 && abs(diluted.keptShare! - 0.46) < 1e-9)
    #expect(diluted.policy.selection.share == Ramp(from: 0.5, to: 0.5))
    #expect(PolicyChoice.best(of: ways, budget: 1.06).policy.summary == "tiny")
    #expect(PolicyChoice.best(of: [ways[0]], budget: 1).policy.selection.share == Ramp(from: 0, to: 0))
  }

  /// Targets of several views gain by themselves, but only where all images are scored.
  @Test func calmTargetsCountForSomeHardness() {
    let ways = [
      way("exact", overhead: 1.7, kept: 1), way("calm", overhead: 1.1, kept: 0.55, targets: .mean),
      way("half", overhead: 1.05, kept: 0.55),
    ]
    #expect(PolicyChoice.best(of: ways).policy.summary == "calm")
    #expect(
      PolicyChoice.best(of: [ways[0], way("calm", overhead: 1.1, kept: 0.45, targets: .mean)]).policy.summary == "exact"
    )
    #expect(PolicyChoice.best(of: ways, budget: 1.05).policy.summary == "half")
    let diluted = ways[1].limited(to: 0.5)
    #expect(diluted.policy.selection.targets == .chosen && abs(diluted.expectedGain! - 0.275) < 1e-9)
  }

  /// Every way that is offered is a valid rule for the plan, and its settings are what make it.
  @Test(arguments: [false, true]) func waysAreReachedByTheirSettings(isMultiCrop: Bool) throws {
    let plan = isMultiCrop ? SelectionTests.multiCrop : .pair
    var backbone = BackboneConfiguration()
    backbone.name = isMultiCrop ? .vitTiny : .resnet18
    var base = SelectionConfiguration()
    base.localCandidates = isMultiCrop ? 4 : 0
    let setting = SelectionSetting(
      plan: plan, recipes: [], backbone: backbone, threads: 1, dtype: .float32,
      method: MethodTraits(isMultiCrop ? DINO.self : BYOL.self))
    let ways = CheaperPolicy.all(like: base, in: setting)
    #expect(ways[0].settings.isEmpty && ways.count >= 7)
    #expect(Set(ways.map(\.summary)).count == ways.count)
    for way in ways + ways.map({ $0.limited(to: 0.5) }) {
      let settings = way.settings.map { String($0.dropFirst("selection.".count)) }
      #expect(try base.with(settings) == way.selection)
      #expect(way.selection.problem(in: setting) == nil)
    }
    #expect(throws: (any Error).self) { try base.with(["candidate=3"]) }
  }

  @Test(arguments: ["simsiam", "dino"]) func calibrationLeavesNoTraceAndMeasuresEveryWay(method: String) throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let dino = [
        "backbone.name=vit_tiny", "backbone.width=16", "backbone.depth=2", "backbone.patch_size=4",
        "method={name: dino, head_hidden: 24, head_bottleneck: 16, prototypes: 32, last_layer_frozen_epochs: 0}",
        "views.groups={global: {count: 2}, local: {count: 2, local: true, size: 8}}", "selection.local_candidates=4",
      ]
      let resolved = try tiny.configuration(method == "dino" ? dino : [])
      let files = try FileManager.default.subpathsOfDirectory(atPath: folder)
      let plan = try PretrainingPlan.calibrate(resolved, warmUpSteps: 4, rounds: 2)
      #expect(try FileManager.default.subpathsOfDirectory(atPath: folder) == files)
      #expect(plan.batchSize == 16 && plan.stepsPerEpoch == 4 && plan.epochs == 2)
      #expect(plan.plainSeconds > 0 && plan.peakBytes > 0)
      let exact = plan.measurements[0]
      #expect(exact.policy.summary == "exact" && exact.overhead > 1)
      let captured = try #require(exact.captured.total)
      #expect(captured > 0.8 && captured < 1.2)
      let overlap = try #require(plan.measurements.last)
      #expect(overlap.policy.summary == "least overlap" && overlap.captured.total! < captured)
      #expect(plan.seconds(with: exact) > plan.seconds(with: nil))
      let budget = plan.seconds(with: exact) * 10
      #expect(abs(plan.epochs(in: budget, with: exact) - 20) <= 1)
    }
  }

  /// Calibrations take place, are written down, choose among the ways, and survive an interruption.
  @Test func automaticSelectionExplainsItself() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let settings = ["selection.budget=1.5", "training.epochs=8", "evaluation.online.every_epochs=0"]
      let path = tiny.directory("auto")
      let task = try Pretraining.start(tiny.configuration(settings), output: path)
      var notes: [String] = []
      var steps = 0
      _ = try task.run(
        shouldStop: {
          steps += 1
          return steps == 14
        },
        observer: { event in if case .note(let text) = event { notes.append(text) } })
      let run = try RunDirectory.open(at: path)
      let before = try Self.records(run)
      #expect(!before.isEmpty && before.count == notes.count)
      #expect(notes.allSatisfy { $0.contains("× a plain step") })
      _ = try Pretraining.resume(path).run()
      let records = try Self.records(run)
      #expect(records.count > before.count && records.prefix(before.count).map(\.step) == before.map(\.step))
      for record in records {
        #expect(record.among.count >= 7 && record.among[0].policy == "exact")
        #expect(record.among.allSatisfy { $0.overhead.isFinite && $0.overhead >= 1 })
      }
    }
  }

  private static func records(_ run: RunDirectory) throws -> [SelectionRecord] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try String(contentsOfFile: run.selectionPath, encoding: .utf8).split(separator: "\n").map {
      try decoder.decode(SelectionRecord.self, from: Data($0.utf8))
    }
  }

  /// What a budget chose on one device is not taken on another that lacks it.
  @Test(.enabled(if: Engine.hasInt8Convolutions), arguments: DeviceChoice.allCases)
  func choicesOfAnotherDeviceAreForgotten(device: DeviceChoice) throws {
    try withTemporaryDirectory { folder in
      let resolved = try TinyRun(in: folder).configuration(["selection.budget=1.5", "device=\(device)"])
      // The GPU need not be there to know what it lacks.
      let budgeted = try BudgetedSelection(
        resolved.values.selection, resolved.selectionSetting(dtype: .float32), model: HardnessModel())
      var chosen = SelectionConfiguration()
      chosen.scoring.precision = .int8
      budgeted.resume(chosen, on: device.device)
      #expect(budgeted.chosen.scoring.precision == (device == .cpu ? .int8 : .same))
    }
  }

  /// What a budget chose is audited as it says, since it is charged for that.
  @Test func chosenPoliciesAreAuditedAsTheySay() throws {
    try withTemporaryDirectory { folder in
      let resolved = try TinyRun(in: folder).configuration(["selection.budget=1.5"])
      let parts = try CheapSelectionTests.parts(SimSiam.self, resolved)
      let selection = try ViewSelection(resolved.values.selection, parts.setting)
      let batch = try CheapSelectionTests.batch(parts, selection.drawnViews)
      func audited(_ step: Int) throws -> Bool {
        let position = TrainingProgress(step: step, stepsPerEpoch: 400, totalEpochs: 2)
        _ = try selection.choose(
          from: batch, for: parts.method, in: StepContext(position, BatchDraw(batch, step: step)))
        return selection.captured != nil
      }
      #expect(try !audited(0))
      // As checkpoints of earlier versions held it: JSON with the names of properties.
      try selection.restore(["selection": "{\"drawn\": 8, \"candidates\": 3, \"auditEverySteps\": 5}"])
      #expect(selection.current.drawn == 8)
      #expect(try audited(5) && !audited(6) && audited(10))
    }
  }

  /// Whatever is measured, weights and running statistics stay as they are.
  @Test func measuringChangesNothing() throws {
    try withTemporaryDirectory { folder in
      let resolved = try TinyRun(in: folder).configuration()
      let parts = try CheapSelectionTests.parts(SimSiam.self, resolved)
      let ways = CheaperPolicy.all(like: resolved.values.selection, in: parts.setting)
      var calibration = try SelectionCalibration(parts.setting, policies: ways)
      let batch = try CheapSelectionTests.batch(parts, calibration.drawnViews)
      let before = CheapSelectionTests.state(parts.method)
      try calibration.measure(
        on: batch, for: parts.method, in: StepContext(TrainingProgress(stepsPerEpoch: 4, totalEpochs: 2)))
      #expect(CheapSelectionTests.state(parts.method) == before)
      #expect(calibration.results.count == ways.count)
    }
  }

  /// Training that was timed while the teacher was spared is not taken for a plain step.
  @Test func plainStepsRunTheTeacher() throws {
    try withTemporaryDirectory { folder in
      let resolved = try TinyRun(in: folder).configuration(["method={name: byol, projector_hidden: 16}"])
      let parts = try CheapSelectionTests.parts(BYOL.self, resolved)
      let ways = CheaperPolicy.all(like: resolved.values.selection, in: parts.setting)
      var calibration = try SelectionCalibration(parts.setting, policies: ways)
      let batch = try CheapSelectionTests.batch(parts, calibration.drawnViews)
      try calibration.measure(
        on: batch, for: parts.method, in: StepContext(TrainingProgress(stepsPerEpoch: 4, totalEpochs: 2)))
      func plain(under way: CheaperPolicy) -> Double {
        calibration.trainingSeconds([1, 1, 1], under: way.selection)
        return calibration.results[0].plainSeconds
      }
      let calm = try #require(ways.first { $0.selection.targets == .mean })
      #expect(plain(under: calm) > plain(under: ways[0]))
    }
  }

  @Test func stepsAreTimedByEveryRule() throws {
    try withTemporaryDirectory { folder in
      let resolved = try TinyRun(in: folder).configuration()
      let timer = try StepTimers.make(resolved, dataset: Pretraining.open(resolved.values.data, split: .train))
      let exact = SelectionConfiguration()
      try timer.add(.plain, named: "plain")
      try timer.add(exact, named: "exact")
      try timer.add(exact.with(["scoring.scale=0.5", "candidates=8"]), named: "half of eight")
      for name in ["plain", "exact", "half of eight", "plain"] {
        #expect(try timer.step(name) > 0 && timer.wholeStep(name) > 0)
      }
    }
  }
}
