import ArgumentParser
import RepresentationEvaluation
import RunEvaluation
import RunRecords
import Statistics

/// `hardviews evaluate few-labels`.
struct EvaluateFewLabelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: FewLabels.name, abstract: "Classifiers that learn from few labels, drawn several times.")

  @OptionGroup var options: EvaluateOptions

  @Option(
    name: .customLong("labels"),
    help: """
      Amounts, such as 1%,10%,5: shares of each class, and numbers of images of each class; may be repeated. By default \
      1%, 10% and 1, 5 and 10 images as far as every class has them.
      """, transform: parseAmounts)
  var lists: [[LabelAmount]] = []

  @Option(help: "How many times images are drawn.")
  var draws = FewLabels().draws

  @Option(help: "What learns from them: logistic or knn.")
  var classifier = FewLabels.Classifier.logistic

  @Option(help: "Decides which images are drawn.")
  var drawSeed: UInt64 = 0

  func validate() throws {
    guard draws >= 1 else { throw ValidationError("--draws must be at least 1.") }
  }

  func run() throws {
    var chosen = FewLabels()
    (chosen.draws, chosen.classifier, chosen.seed) = (draws, classifier, drawSeed)
    let amounts = lists.flatMap { $0 }
    if !amounts.isEmpty {
      chosen.shares = amounts.compactMap { if case .share(let share) = $0 { share } else { nil } }
      chosen.perClass = amounts.compactMap { if case .perClass(let count) = $0 { count } else { nil } }
    }
    try options.run {
      amounts.isEmpty ? try chosen.fitted(to: $0) : chosen
    } tables: {
      [Self.table(of: $0)]
    }
  }

  private static func table(of result: FewLabels.Result) -> Table {
    var table = Table(columns: [
      .left("labels"), .right("images"), .right("mean top-1"), .right("95 % interval"), .right("spread of draws"),
    ])
    for amount in result.amounts {
      table.addRow([
        amount.labels, "\(amount.images)", percent(amount.top1), interval(amount.interval),
        amount.standardDeviation.map { "± \(percent($0))" } ?? "",
      ])
    }
    return table
  }
}

/// How many labels a class has.
enum LabelAmount: Equatable {
  case share(Double)
  case perClass(Int)
}

/// Shares and numbers with commas between them.
private func parseAmounts(_ text: String) throws -> [LabelAmount] {
  try text.split(separator: ",").map { word in
    if word.hasSuffix("%"), let percent = Double(word.dropLast()), percent > 0, percent <= 100 {
      return .share(percent / 100)
    }
    guard let count = Int(word), count > 0 else {
      throw ValidationError("'\(word)' is no amount of labels such as 1% or 5")
    }
    return .perClass(count)
  }
}

extension FewLabels.Classifier: ExpressibleByArgument {}
