import ArgumentParser
import RepresentationEvaluation
import RunEvaluation
import RunRecords

/// `hardviews evaluate outliers`.
struct EvaluateOutliersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: OutlierDetection.name,
    abstract: "How well the distance to the k-th nearest training image tells images of other kinds.")

  @OptionGroup var options: EvaluateOptions

  @Option(help: "Images of other kinds, labelled or not: the test split, or all where there is none.")
  var outliers: String?

  @Option(help: "Classes that are outliers, such as cat,dog, instead of --outliers; they are not learned from.")
  var outlierClasses: String?

  @Option(name: .customLong("k"), help: "Which nearest training image counts; by default the 50th.")
  var neighbour: Int?

  func validate() throws {
    guard (outliers == nil) != (outlierClasses == nil) else {
      throw ValidationError("Name outliers, either with --outliers DATA or with --outlier-classes a,b.")
    }
    if let neighbour, neighbour < 1 { throw ValidationError("--k must be at least 1.") }
  }

  func run() throws {
    let source: OutlierEvaluation.Source =
      if let outliers { .data(outliers) } else {
        .classes((outlierClasses ?? "").split(separator: ",").map(String.init))
      }
    try options.run { evaluation in
      guard let neighbour else { return try OutlierEvaluation(source).fitted(to: evaluation) }
      var chosen = OutlierEvaluation(source)
      chosen.detection.neighbour = neighbour
      return chosen
    } tables: { result in
      remark(
        "\(result.images) test images and \(result.outliers) outliers, by the distance to neighbor \(result.neighbour) of "
          + "\(result.trainingImages) training images")
      return [Table(of: result.measures)]
    }
  }
}
