import ArgumentParser
import Encoders
import Foundation
import HardViewPretraining
import RepresentationEvaluation
import RunEvaluation
import RunRecords
import Views

/// `hardviews evaluate`.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Measure an encoder on labelled images.",
    subcommands: [KNN.self, Linear.self])

  struct Options: ParsableArguments {
    @OptionGroup var encoder: EncoderArguments

    @Option(help: "Labelled images with a test split; by default those that the encoder's run was trained on.")
    var data: String?

    @Option(
      help: """
        A folder for the results; by default the run's own, NAME.evaluation beside a file, or \
        random-BACKBONE.evaluation.
        """)
    var output: String?

    @Option(help: "Where to compute: cpu or cuda.")
    var device = DeviceChoice.cpu

    /// Measures the encoder, and says on what and what to know about it.
    func evaluate<Result>(_ body: (EvaluatedEncoder, EvaluatedEncoder.Features) throws -> Result) throws -> Result {
      try device.use {
        let evaluated = try EvaluatedEncoder(
          encoder.open(), data: data, output: output, onSkip: Watching.skipped)
        let features = try evaluated.features()
        let transform = evaluated.transform
        remark(
          "\(features.images), resized to \(transform.resize) px and cropped to \(transform.crop) px")
        for text in features.remarks { remark(text) }
        return try body(evaluated, features)
      }
    }
  }

  struct KNN: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "knn", abstract: "Weighted nearest neighbours among the training images' features.")

    @OptionGroup var options: Options

    @Option(
      name: .customLong("k"),
      help: "Numbers of neighbors, such as 10,20; may be repeated. By default 10, 20, 100 and 200.",
      transform: parseNeighbours)
    var lists: [[Int]] = []

    @Option(help: "Temperature of the votes.")
    var temperature = 0.07

    func validate() throws {
      guard temperature > 0, temperature.isFinite else { throw ValidationError("--temperature must be above 0.") }
    }

    func run() throws {
      let asked = lists.isEmpty ? nil : lists.flatMap { $0 }
      let records = try options.evaluate { evaluated, features in
        try evaluated.nearestNeighbours(features, neighbours: asked, temperature: temperature)
      }
      var table = Table(columns: [.right("k"), .right("top-1"), .right("top-5")])
      for record in records { table.addRow(["\(record.neighbours)", percent(record.top1), percent(record.top5)]) }
      print(table.text)
    }
  }

  struct Linear: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "linear", abstract: "A linear classifier on frozen features, its rate chosen on held-out images.")

    @OptionGroup var options: Options

    @Option(help: "Passes over the training images.")
    var epochs = 100

    func validate() throws {
      guard epochs >= 1 else { throw ValidationError("--epochs must be at least 1.") }
    }

    func run() throws {
      let result = try options.evaluate { evaluated, features in
        try evaluated.linearProbe(features, epochs: epochs)
      }
      var sweep = Table(columns: [.right("learning rate"), .right("held-out top-1")])
      for trial in result.heldOut { sweep.addRow(["\(trial.learningRate)", percent(trial.top1)]) }
      print(sweep.text)
      if result.heldOutImages < 100 {
        remark("Only \(result.heldOutImages) images were held out to choose the learning rate; it may be another.")
      }
      var table = Table(columns: [.right("learning rate"), .right("test top-1"), .right("test top-5")])
      table.addRow(["\(result.learningRate)", percent(result.test.top1), percent(result.test.top5)])
      print(table.text)
    }
  }
}

extension DeviceChoice: ExpressibleByArgument {}

private func parseNeighbours(_ text: String) throws -> [Int] {
  let numbers = text.split(separator: ",").map { Int($0) }
  guard !numbers.isEmpty, numbers.allSatisfy({ ($0 ?? 0) > 0 }) else {
    throw ValidationError("'\(text)' is not a list of positive numbers such as 10,20,100")
  }
  return numbers.compactMap { $0 }
}

/// A share as a percentage with two decimals.
func percent(_ share: Double) -> String {
  String(format: "%.2f %%", share * 100)
}
