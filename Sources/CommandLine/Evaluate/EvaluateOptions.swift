import ArgumentParser
import Foundation
import HardViewPretraining
import RepresentationEvaluation
import RunEvaluation
import RunRecords
import Statistics
import Torch

/// What every protocol is told: the encoder, the labelled images, and where results go.
struct EvaluateOptions: ParsableArguments {
  @OptionGroup var encoder: EncoderArguments

  @Option(help: "Labelled images; by default those that the encoder's run was trained on.")
  var data: String?

  @Option(help: "Images to learn from, instead of --data; with --test.")
  var train: String?

  @Option(help: "Images to measure on; with --train. Classes are matched by name.")
  var test: String?

  @Option(help: "Share of each class that is held out instead of the test split; 0.2 where there is no such split.")
  var heldOut: Double?

  @Option(help: "Decides which images are held out.")
  var splitSeed: UInt64 = 0

  @Flag(help: "Measure each image against all others; knn and retrieval only.")
  var leaveOneOut = false

  @Flag(help: "Leave out test images of classes that the training images lack.")
  var ignoreUnknownClasses = false

  @Option(
    help: """
      A folder for the results; by default the run's own, NAME.evaluation beside a file, or \
      random-BACKBONE.evaluation.
      """)
  var output: String?

  @Option(help: "Where to compute: cpu or cuda.")
  var device = DeviceChoice.cpu

  @OptionGroup(title: "Several workers") var group: WorkerOptions

  @Flag(help: "Print the record as JSON.")
  var json = false

  func validate() throws {
    if let heldOut, !(heldOut > 0 && heldOut < 1) {
      throw ValidationError("--held-out must be above 0 and below 1.")
    }
    guard (train == nil) == (test == nil) else {
      throw ValidationError("--train and --test name two sets and go together; a single one is --data.")
    }
    let divisions = [
      ("--train and --test", train != nil), ("--held-out", heldOut != nil), ("--leave-one-out", leaveOneOut),
    ].filter(\.1).map(\.0)
    guard divisions.count < 2 else {
      throw ValidationError("\(divisions.joined(separator: " and ")) divide the images in different ways; choose one.")
    }
    guard train == nil || data == nil else {
      throw ValidationError("--train and --test replace --data; leave it out.")
    }
  }

  private var images: EvaluationImages {
    let unknownClasses = ignoreUnknownClasses ? LabelledDivision.UnknownClasses.ignored : .refused
    if let train, let test { return EvaluationImages(train: train, test: test, unknownClasses: unknownClasses) }
    return EvaluationImages(
      data: data, heldOutShare: heldOut, seed: splitSeed, leavesOneOut: leaveOneOut, unknownClasses: unknownClasses)
  }

  /// Opens the encoder and the images, and says what is measured on what.
  func evaluate(_ body: (EncoderEvaluation) throws -> Void) throws {
    try group.share {
      try device.use {
        let evaluation = try EncoderEvaluation(
          encoder.open(), images: images, output: output, onSkip: Watching.skipped)
        evaluation.onProgress = { remark($0) }
        remark(evaluation.summary)
        for text in evaluation.remarks { remark(text) }
        try body(evaluation)
      }
    }
  }

  /// Runs one protocol, and prints its tables, or its record where JSON is asked for.
  func run<Chosen: EncoderProtocol>(
    _ choose: (EncoderEvaluation) throws -> Chosen, tables: (Chosen.Result) -> [Table]
  ) throws {
    try evaluate { evaluation in
      var said = evaluation.remarks
      let record = try evaluation.run(choose(evaluation))
      remarkOn(record, said: &said)
      if json { return try printJSON(record) }
      print(tables(record.result).map(\.text).joined(separator: "\n"))
    }
  }
}

/// Says those remarks of a record that were not said before.
func remarkOn(_ record: any MeasuredRecord, said: inout [String]) {
  for text in record.remarks where !said.contains(text) { remark(text) }
  said += record.remarks
}

extension DeviceChoice: ExpressibleByArgument {}

extension Table {
  /// Measures with their intervals.
  init(of measures: [Measure]) {
    self.init(columns: [.left("measure"), .right("value"), .right("95 % interval")])
    for measure in measures { addRow([measure.name, percent(measure.value), interval(measure.interval)]) }
  }
}

/// A share as a percentage with two decimals.
func percent(_ share: Double) -> String {
  String(format: "%.2f %%", share * 100)
}

/// An interval of a share in percent.
func interval(_ interval: ConfidenceInterval?) -> String {
  interval.map { String(format: "%.2f to %.2f", $0.lower * 100, $0.upper * 100) } ?? ""
}
