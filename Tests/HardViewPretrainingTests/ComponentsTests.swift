import Checkpoints
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

/// Parts of one's own: named, checked, saved, and missed where they are not there.
@Suite struct ComponentsTests {
  private static let components = Components.standard.adding(Easy.self).adding(Invert.self).adding(Counter.self)
    .adding(Nothing.self)

  private func settings(_ tiny: TinyRun, _ assignments: [String]) throws -> ResolvedConfiguration {
    var tree = try tiny.configuration().tree
    for assignment in assignments { try tree.set(assignment) }
    return try ResolvedConfiguration(tree, components: Self.components)
  }

  private let all = [
    "selection={policy: easy, settings: {margin: 1}}", "views.operations={invert: {}}", "observers.counter={}",
  ]

  @Test func partsAreMadeFromYAMLAndWrittenOutWithTheirDefaults() throws {
    try withTemporaryDirectory { folder in
      let resolved = try settings(TinyRun(in: folder), all)
      #expect(resolved.tree["views.operations.invert.share"] == .number(0.5))
      #expect(resolved.tree["observers.counter.every_steps"] == .integer(1))
      let again = try ResolvedConfiguration(
        ConfigurationTree(yaml: resolved.tree.yaml, source: "again"), components: Self.components)
      #expect(again.tree == resolved.tree)
      #expect(again.views.groups[0].recipe == resolved.views.groups[0].recipe)
    }
  }

  @Test(arguments: [
    ("selection.policy=esy", "selection.policy", "Did you mean 'easy'?"),
    ("selection={policy: easy, settings: {margins: 1}}", "selection.settings.margins", "Did you mean 'margin'?"),
    ("selection={policy: easy, settings: {margin: -1}}", "selection.settings.margin", "must be 0 or more"),
    ("selection={policy: hardest, settings: {margin: 1}}", "selection.settings", "selectors of one's own"),
    ("views.operations={inverse: {}}", "views.operations.inverse", "Known here: invert"),
    ("views.operations={invert: {share: 2}}", "views.operations.invert.share", "between 0 and 1"),
    ("views.operations=3", "views.operations", "a name and its settings"),
    ("observers.counters={}", "observers.counters", "Did you mean 'counter'?"),
    ("observers.counter.every_steps=x", "observers.counter.every_steps", "whole number"),
    ("data.format=nothin", "data.format", "Did you mean 'nothing'?"),
  ])
  func mistakesNameTheirPath(assignment: String, path: String, part: String) throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let error = #expect(throws: ConfigurationError.self) { try settings(tiny, [assignment]) }
      #expect(error?.path == path)
      #expect("\(error!)".contains(part), "\(error!)")
    }
  }

  @Test(arguments: [("simsiam", "taken"), ("a b", "white space"), ("a.b", "'.'"), ("", "named ''"), ("new", nil)])
  func namesMustBeNewAndSimple(name: String, part: String?) {
    let problem = Components.problem(withName: name, "method", among: Components.standard.methods.map { $0.name })
    if let part { #expect(problem?.contains(part) == true) } else { #expect(problem == nil) }
  }

  /// A run with own parts continues exactly, their states included.
  @Test func stateOfPartsContinues() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let configuration = try settings(tiny, all)
      _ = try Pretraining.start(configuration, output: tiny.directory("whole")).run()
      var steps = 0
      _ = try Pretraining.start(configuration, output: tiny.directory("parts")).run(
        shouldStop: {
          steps += 1
          return steps == 3
        }, observer: { _ in })
      _ = try Pretraining.resume(tiny.directory("parts"), components: Self.components).run()
      let runs = try ["whole", "parts"].map { try RunDirectory.open(at: tiny.directory($0)) }
      #expect(try TinyRun.weights(runs[0]) == TinyRun.weights(runs[1]))
      let counts = try Checkpoint(path: runs[1].checkpointPath).tensor("observer.counter.steps").scalars(as: Int.self)
      #expect(counts == [8])
      let records = try JSONLines.read(ViewsRecord.self, from: runs[1].viewsPath)
      #expect(records.contains { $0.views.contains { $0.ownOperations?.isEmpty == false } })
    }
  }

  /// What a program lacks that a run has is named, and so is a state of another version, or none.
  @Test func partsThatDoNotFitAreNamed() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let path = tiny.directory("a")
      _ = try Pretraining.start(settings(tiny, all), output: path).run()
      let unknown = #expect(throws: ConfigurationError.self) { try Pretraining.resume(path) }
      #expect(
        unknown?.path == "observers.counter" || unknown?.path == "selection.policy"
          || unknown?.path == "views.operations.invert")

      let checkpoint = try Checkpoint(path: RunDirectory.open(at: path).checkpointPath)
      let parts = { (names: [(String, Int)]) in
        TrainingState(
          TrainingProgress(stepsPerEpoch: 4, totalEpochs: 2), imageCount: 64,
          parts: names.map { ($0.0, Versioned($0.1) as any TrainingPart) })
      }
      func problem(_ names: [(String, Int)]) -> String {
        do {
          try parts(names).restore(checkpoint, data: "images")
          return ""
        } catch { return "\(error)" }
      }
      let present = [("model", 1), ("optimizer", 1), ("selection", 1), ("generator", 1), ("online", 1)]
      #expect(problem(present).contains("this program lacks observer.counter"))
      #expect(problem(present + [("observer.counter", 2), ("mine", 1)]).contains("the checkpoint lacks mine"))
      #expect(
        problem(present + [("observer.counter", 2)])
          .contains("observer.counter was saved in version 1 and is version 2 here"))
      #expect(problem(present + [("observer.counter", 1)]).contains("was made by another architecture"))
    }
  }

  /// The seven stages of the training thread are all of its time, measured from outside.
  @Test(arguments: [
    ["evaluation.online.every_epochs=2"], ["selection.scoring.scale=0.5", "selection.audit_every_steps=2"],
    ["selection.budget=1.5"],
  ]) func stagesAddUpToTheWallTime(assignments: [String]) throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let task = try Pretraining.start(
        tiny.configuration(assignments + ["training.epochs=6", "records.metrics_every_steps=1"]),
        output: tiny.directory("a"))
      // Every line ends a step, so the time between two of them is that of the lines in between.
      var times: [ContinuousClock.Instant] = []
      _ = try task.run(shouldStop: { false }) { if case .epoch = $0 { times.append(.now) } }
      let lines = try JSONLines.read(
        MetricsRecord.self, from: RunDirectory.open(at: tiny.directory("a")).metricsPath)
      let stages = lines[4...].reduce(0) { sum, line in
        sum + line.dataSeconds + line.candidateSeconds! + line.selectionSeconds + line.trainingSeconds
          + line.auditSeconds! + line.evaluationSeconds! + line.otherSeconds!
      }
      let wall = (times[5] - times[0]) / .seconds(1)
      #expect(abs(stages - wall) < 0.02 * wall, "\(stages) of \(wall) s")
    }
  }
}

/// The easiest choice, but for a margin.
private struct Easy: SelectorComponent {
  struct Settings: ComponentSettings {
    var margin = 0.0
  }
  static let name = "easy"
  static let summary = "the easiest choice"
  init(_ settings: Settings) {}
  static func check(_ settings: Settings, _ report: inout SettingReport) {
    report.requireNonNegative(settings.margin, at: Settings.Key.margin)
  }
  func choose(_ scores: ViewScores?, in context: SelectionContext) -> Tensor {
    scores!.negated.hardest(in: context.space)
  }
}

extension Easy.Settings {
  fileprivate enum Key: String, CodingKey { case margin }
}

/// Inverts some views.
private struct Invert: ViewOperationComponent {
  struct Settings: ComponentSettings {
    var share = 0.5
  }
  fileprivate enum Key: String, CodingKey { case share }
  static let name = "invert"
  static let summary = "inverts some views"
  let share: Double
  init(_ settings: Settings) { share = settings.share }
  static func check(_ settings: Settings, _ report: inout SettingReport) {
    report.requireShare(settings.share, at: Key.share)
  }
  func draw(using random: inout ViewRandom) -> [Double]? { random.uniform() < share ? [] : nil }
  func apply(_ drawn: [Double], to pixels: ViewPixels) {
    pixels.forEachRow { row in for x in row.indices { row[x] = 255 - row[x] } }
  }
}

/// Counts steps.
private final class Counter: ObserverComponent {
  struct Settings: ComponentSettings {
    var everySteps = 1
  }
  static let name = "counter"
  static let summary = "counts steps"
  private let steps = Buffer(.zeros([1], dtype: .int64))
  init(_ settings: Settings, of run: ObservedRun) {}
  var tensors: [(name: String, value: Tensor)] { [("steps", steps.value)] }
  func observe(_ step: TrainingStep, at position: TrainingProgress) throws { steps.update(steps.value + 1) }
}

/// Recognizes nothing.
private enum Nothing: DatasetReader {
  static let name = "nothing"
  static let summary = "no images"
  static func open(path: String, split: DataSplit, options: DecodingOptions) throws -> any ImageDataset {
    throw ConfigurationError(path: "data.path", problem: .invalid("holds nothing"))
  }
}

/// A part without tensors.
private final class Versioned: TrainingPart {
  let stateVersion: Int
  init(_ version: Int) { stateVersion = version }
}
