import ArgumentParser
import Corruptions
import Foundation
import PixelEvaluation
import RepresentationEvaluation
import RunEvaluation
import RunRecords

/// `hardviews evaluate robustness`.
struct EvaluateRobustnessCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: Robustness.name,
    abstract: "How well a classifier that learned from clean images recognizes corrupted ones.",
    discussion: """
      The fifteen corruptions of ImageNet-C at five severities, made on the fly; a pass over the test images for each.
      """)

  @OptionGroup var options: EvaluateOptions

  @Option(
    help: "Corruptions, such as fog,snow, or categories: noise, blur, weather, digital; may be repeated.",
    transform: parseCorruptions)
  var corruptions: [[Corruption]] = []

  @Option(help: "Severities from 1 to 5, such as 1,3,5.", transform: parseSeverities)
  var severities = Robustness().severities

  @Option(help: "Whose constants: imagenet or cifar; by default cifar up to 64 px.")
  var scale: CorruptionScale?

  @Option(help: "How many test images are corrupted; 0 for all.")
  var images = Robustness().images

  @Option(help: "What learns from the clean images: linear or knn.")
  var classifier = Robustness().classifier

  @Option(name: .customLong("k"), help: "With knn: how many neighbors vote.")
  var neighbours = Robustness().neighbours

  @Option(help: "A robustness record of another encoder, robustness.json, whose errors are 100 %.")
  var baseline: String?

  @Option(help: "Decides random corruptions, and which images --images takes.")
  var corruptionSeed: UInt64 = 0

  func run() throws {
    var chosen = Robustness()
    if !corruptions.isEmpty { chosen.corruptions = corruptions.flatMap { $0 } }
    chosen.severities = severities
    chosen.scale = scale
    chosen.images = images
    chosen.classifier = classifier
    chosen.neighbours = neighbours
    chosen.seed = corruptionSeed
    if let baseline { chosen.baseline = try Self.baseline(at: baseline) }
    try options.run { _ in
      chosen
    } tables: { result in
      if !result.notAsPublished.isEmpty {
        remark(
          "Not made as published, so not comparable with published figures: "
            + result.notAsPublished.map(\.rawValue).joined(separator: ", ")
            + " (a synthesized texture, no photographs).")
      }
      return [Self.table(of: result), Table(of: result.measures)]
    }
  }

  private static func baseline(at path: String) throws -> Robustness.Baseline {
    struct Kind: Decodable { var evaluation: String }
    let kind = try readJSON(Kind.self, from: path).evaluation
    guard kind == Robustness.name else {
      throw ValidationError("--baseline takes a record of robustness; \(path) is one of \(kind).")
    }
    let record = try readJSON(EvaluationRecord<Robustness, Robustness.Result>.self, from: path)
    return Robustness.Baseline(record.result, name: record.checkpoint)
  }

  private static func table(of result: Robustness.Result) -> Table {
    let severities = result.corruptions.first?.severities.map(\.severity) ?? []
    let isRelative = result.relative != nil
    var table = Table(
      columns: [.left("error")] + severities.map { .right("severity \($0)") }
        + [.right("mean"), .right("95 % interval")] + (isRelative ? [.right("of baseline's")] : []))
    for errors in result.corruptions {
      table.addRow(
        [errors.corruption.rawValue] + errors.severities.map { percent($0.error) }
          + [percent(errors.error), interval(errors.interval)]
          + (isRelative ? [errors.relativeToBaseline.map(percent) ?? ""] : []))
    }
    return table
  }
}

extension CorruptionScale: ExpressibleByArgument {}
extension Robustness.Classifier: ExpressibleByArgument {}

/// Names of corruptions or of categories with commas between them.
private func parseCorruptions(_ text: String) throws -> [Corruption] {
  try text.split(separator: ",").flatMap { word in
    if let category = Corruption.Category(rawValue: String(word)) {
      return Corruption.allCases.filter { $0.category == category }
    }
    guard let corruption = Corruption(rawValue: String(word)) else {
      throw ValidationError(
        "'\(word)' is no corruption. Corruptions: \(Corruption.allCases.map(\.rawValue).joined(separator: ", ")). "
          + "Categories: \(Corruption.Category.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    return [corruption]
  }
}

private func parseSeverities(_ text: String) throws -> [Int] {
  try text.split(separator: ",").map { word in
    guard let severity = Int(word), Corruptor.severities.contains(severity) else {
      throw ValidationError("'\(word)' is no severity from 1 to 5.")
    }
    return severity
  }
}
