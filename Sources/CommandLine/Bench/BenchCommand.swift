import ArgumentParser
import Foundation
import HardViewPretraining
import HardViewSelection
import ImageData
import NeuralNetworks
import RunConfiguration
import RunRecords
import Views

/// `hardviews bench`.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Time parts of training on this machine.", subcommands: [StepBenchCommand.self])
}

/// `hardviews bench step`.
struct StepBenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "step",
    abstract: "Time training steps by several policies, in turns.",
    discussion: """
      Without --data the images are generated: a step takes as long whatever they show. scripts/bench-step compares \
      with PyTorch.

      hardviews bench step --recipe simsiam-cifar10 --set training.batch_size=64
      hardviews bench step my.yaml --rule 'half: scoring.scale=0.5' --rule 'eight: candidates=8'
      """)

  @OptionGroup var chosen: ChosenConfiguration

  @Option(
    name: .customLong("rule"),
    help: ArgumentHelp(
      "A policy beside plain and exact, with what it changes in the selection section; may be repeated.",
      valueName: "name: key=value …"))
  var rules: [String] = []

  @Option(help: "How often every rule takes its turn, after two untimed ones.")
  var rounds = 7

  @Flag(help: "Print JSON.")
  var json = false

  @Flag(
    help:
      "Take one step for each line of standard input, which names a rule, after 'whole ' with loading; answer as JSON.")
  var serve = false

  func validate() throws {
    try chosen.check()
    guard rounds >= 1 else { throw ValidationError("--rounds must be at least 1.") }
    for rule in rules where !rule.contains(":") {
      throw ValidationError(
        "A rule is a name, a colon and settings, such as 'half: scoring.scale=0.5', not '\(rule)'.")
    }
  }

  func run() throws {
    var settings = try chosen.settings()
    let isGenerated = (settings.string(at: "data.path") ?? "").isEmpty
    if isGenerated { settings.set(.string("generated"), at: "data.path") }
    let configuration = try ResolvedConfiguration(settings, components: HardViewsProgram.components)
    let values = configuration.values
    let dataset: any ImageDataset =
      isGenerated
      ? GeneratedImages(
        count: 2 * values.training.batchSize, side: configuration.views.groups[0].recipe.size * 5 / 4,
        channels: values.backbone.channels)
      : try configuration.open(split: .train)
    let timer = try StepTimers.make(configuration, dataset: dataset)
    var names: [String] = []
    for (name, selection) in try allRules(values.selection) {
      try timer.add(selection, named: name)
      names.append(name)
    }
    if serve { return try answer(with: timer, names: names) }
    var seconds: [String: [Double]] = [:]
    for round in 0..<rounds + 2 {
      for name in names {
        let elapsed = try timer.step(name)
        if round >= 2 { seconds[name, default: []].append(elapsed) }
      }
    }
    try report(names.map { TimedRule(rule: $0, seconds: seconds[$0]!, plain: seconds["plain"]!) })
  }

  private func allRules(_ base: SelectionConfiguration) throws -> [(String, SelectionConfiguration)] {
    let exact = CheaperPolicy.exact(like: base).selection
    let own = try rules.map { rule in
      let parts = rule.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      return (String(parts[0]), try exact.with(parts[1].split(separator: " ").map(String.init)))
    }
    return [("plain", try exact.with(["policy=none"])), ("exact", exact)] + own
  }

  private func answer(with timer: any StepTiming, names: [String]) throws {
    while let line = readLine() {
      let isWhole = line.hasPrefix("whole ")
      let name = isWhole ? String(line.dropFirst("whole ".count)) : line
      guard names.contains(name) else { throw ValidationError("There is no rule '\(name)'; there are \(names).") }
      let encoder = JSONEncoder()
      encoder.keyEncodingStrategy = .convertToSnakeCase
      let answer = Answer(
        seconds: isWhole ? try timer.wholeStep(name) : try timer.step(name), peakBytes: try timer.peakBytes())
      print(String(decoding: try encoder.encode(answer), as: UTF8.self))
      fflush(nil)
    }
  }

  private struct Answer: Codable {
    var seconds: Double
    var peakBytes: Int
  }

  private func report(_ rules: [TimedRule]) throws {
    if json { return try printJSON(rules) }
    var table = Table(columns: [
      .left("rule"), .right("median ms"), .right("fastest"), .right("slowest"), .right("× plain"),
    ])
    for rule in rules {
      let ordered = rule.seconds.sorted().map { String(format: "%.1f", $0 * 1e3) }
      table.addRow([
        rule.rule, ordered[ordered.count / 2], ordered[0], ordered[ordered.count - 1],
        String(format: "%.3f", rule.ratio),
      ])
    }
    print(table.text)
  }
}

/// A rule's times, turn by turn.
private struct TimedRule: Codable {
  var rule: String
  var seconds: [Double]
  /// Median of the ratios to the plain step of the same turn.
  var ratio: Double

  init(rule: String, seconds: [Double], plain: [Double]) {
    self.rule = rule
    self.seconds = seconds
    let ratios = zip(seconds, plain).map { $0 / $1 }.sorted()
    ratio = ratios[ratios.count / 2]
  }
}
