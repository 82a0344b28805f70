import ArgumentParser
import RepresentationEvaluation
import RunEvaluation
import RunRecords

/// `hardviews evaluate retrieval`.
struct EvaluateRetrievalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: Retrieval.name, abstract: "How well images of a class are found among the training images.")

  @OptionGroup var options: EvaluateOptions

  func run() throws {
    try options.run { _ in
      Retrieval()
    } tables: { result in
      if result.queriesWithoutMatch > 0 {
        remark("\(result.queriesWithoutMatch) images are not counted: no image of their class can be found.")
      }
      return [Table(of: result.measures)]
    }
  }
}
