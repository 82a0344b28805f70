import ArgumentParser
import RepresentationEvaluation
import RunEvaluation
import RunRecords

/// `hardviews evaluate linear`.
struct EvaluateLinearCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: LinearProbe.name,
    abstract: "A linear classifier on frozen features; rate and normalization are chosen on held-out images.")

  @OptionGroup var options: EvaluateOptions

  @Option(help: "Passes over the training images.")
  var epochs = LinearProbe().epochs

  @Option(
    name: .customLong("rates"), help: "Learning rates to try, such as 0.1,1; by default eight from 0.01 to 30.",
    transform: parseRates)
  var learningRates = LinearProbe().learningRates

  func validate() throws {
    guard epochs >= 1 else { throw ValidationError("--epochs must be at least 1.") }
  }

  func run() throws {
    var probe = LinearProbe()
    probe.epochs = epochs
    probe.learningRates = learningRates
    try options.run { _ in
      probe
    } tables: { result in
      if result.heldOutImages < 100 {
        remark("Only \(result.heldOutImages) images were held out to choose the learning rate; it may be another.")
      }
      return [Self.sweep(result), Self.table(result, epochs: epochs)]
    }
  }

  private static func sweep(_ result: LinearProbe.Result) -> Table {
    var table = Table(columns: [
      .right("learning rate"), .left("batch norm"), .right("held-out top-1"), .right("best epoch"), .right("its top-1"),
    ])
    for trial in result.heldOut {
      table.addRow([
        "\(trial.learningRate)", trial.batchNormalization ? "yes" : "no", percent(trial.top1), "\(trial.bestEpoch)",
        percent(trial.bestTop1),
      ])
    }
    return table
  }

  private static func table(_ result: LinearProbe.Result, epochs: Int) -> Table {
    var table = Table(columns: [
      .left("learning rate \(result.learningRate)\(result.batchNormalization ? ", batch norm" : "")"),
      .right("top-1"), .right("95 % interval"), .right("class mean"), .right("top-5"),
    ])
    for (name, accuracy) in [
      ("last epoch (\(epochs))", result.test), ("chosen epoch (\(result.chosenEpoch))", result.testAtChosenEpoch),
    ] {
      table.addRow([
        name, percent(accuracy.top1), interval(accuracy.top1Interval),
        accuracy.classMean.map { percent($0.value) } ?? "", percent(accuracy.top5),
      ])
    }
    return table
  }
}

/// Positive numbers with commas between them.
private func parseRates(_ text: String) throws -> [Double] {
  let numbers = text.split(separator: ",").map { Double($0) ?? 0 }
  guard !numbers.isEmpty, numbers.allSatisfy({ $0 > 0 && $0.isFinite }) else {
    throw ValidationError("'\(text)' is not a list of positive numbers such as 0.1,1,10")
  }
  return numbers
}
