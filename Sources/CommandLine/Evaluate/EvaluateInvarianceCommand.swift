import ArgumentParser
import PixelEvaluation
import RepresentationEvaluation
import RunEvaluation
import RunRecords

/// `hardviews evaluate invariance`.
struct EvaluateInvarianceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: Invariance.name,
    abstract: "How far an embedding moves under each kind and strength of augmentation.",
    discussion: """
      In shares of the distance between different images: 0 where the encoder does not see the change, 1 where it takes \
      the image for another. Which invariance is good depends on what the encoder is for.
      """)

  @OptionGroup var options: EvaluateOptions

  @Option(help: "Kinds, such as crop,hue; by default all that change images of these channels.", transform: parseKinds)
  var kinds = Invariance().alterations

  @Option(help: "How many test images are looked at; 0 for all.")
  var images = Invariance().images

  @Option(help: "Decides which images these are, where crops lie, and which images become brighter.")
  var alterationSeed: UInt64 = 0

  func validate() throws {
    guard images >= 0 else { throw ValidationError("--images must be 0 (all) or more.") }
  }

  func run() throws {
    var chosen = Invariance()
    chosen.alterations = kinds
    chosen.images = images
    chosen.seed = alterationSeed
    try options.run { _ in
      chosen
    } tables: { result in
      [Self.table(of: result), Table(of: result.measures)]
    }
  }

  private static func table(of result: Invariance.Result) -> Table {
    var table = Table(
      columns: [.left("alteration"), .right("strength"), .right("displacement"), .right("95 % interval")])
    for displacement in result.displacements {
      let alteration = displacement.alteration
      table.addRow([
        alteration.kind.rawValue, alteration.kind.strengths.count > 1 ? "\(alteration.strength)" : "",
        percent(displacement.mean), interval(displacement.interval),
      ])
    }
    return table
  }
}

/// Names of kinds with commas between them.
private func parseKinds(_ text: String) throws -> [Alteration.Kind] {
  try text.split(separator: ",").map { word in
    guard let kind = Alteration.Kind(rawValue: String(word)) else {
      throw ValidationError(
        "'\(word)' is no kind of alteration. Kinds: \(Alteration.Kind.allCases.map(\.rawValue).joined(separator: ", "))."
      )
    }
    return kind
  }
}
