import ArgumentParser
import RepresentationEvaluation
import RunEvaluation
import RunRecords

/// `hardviews evaluate knn`.
struct EvaluateKNNCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: NearestNeighbours.name, abstract: "Weighted nearest neighbors among the training images' features.")

  @OptionGroup var options: EvaluateOptions

  @Option(
    name: .customLong("k"),
    help: "Numbers of neighbors, such as 10,20; may be repeated. By default 10, 20, 100 and 200.",
    transform: parseCounts)
  var lists: [[Int]] = []

  @Option(help: "Temperature of the votes.")
  var temperature = NearestNeighbours().temperature

  func validate() throws {
    guard temperature > 0, temperature.isFinite else { throw ValidationError("--temperature must be above 0.") }
  }

  func run() throws {
    var chosen = NearestNeighbours()
    chosen.temperature = temperature
    if !lists.isEmpty { chosen.neighbours = lists.flatMap { $0 } }
    try options.run {
      lists.isEmpty ? try chosen.fitted(to: $0) : chosen
    } tables: {
      [Self.table(of: $0)]
    }
  }

  private static func table(of result: NearestNeighbours.Result) -> Table {
    var table = Table(columns: [
      .right("k"), .right("top-1"), .right("95 % interval"), .right("class mean"), .right("top-5"),
    ])
    for vote in result.votes {
      table.addRow([
        "\(vote.neighbours)", percent(vote.accuracy.top1), interval(vote.accuracy.top1Interval),
        vote.accuracy.classMean.map { percent($0.value) } ?? "", percent(vote.accuracy.top5),
      ])
    }
    return table
  }
}

/// Positive numbers with commas between them.
func parseCounts(_ text: String) throws -> [Int] {
  let numbers = text.split(separator: ",").map { Int($0) }
  guard !numbers.isEmpty, numbers.allSatisfy({ ($0 ?? 0) > 0 }) else {
    throw ValidationError("'\(text)' is not a list of positive numbers such as 10,20,100")
  }
  return numbers.compactMap { $0 }
}
