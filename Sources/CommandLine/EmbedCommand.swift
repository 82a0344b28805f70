import ArgumentParser
import Encoders
import Foundation
import HardViewPretraining
import ImageData
import RunRecords
import Torch

/// `hardviews embed`.
struct EmbedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed", abstract: "Write the features of images into a file, a row for each image.",
    discussion: """
      hardviews embed runs/my PHOTOS --output features.safetensors
      hardviews embed resnet50.safetensors PHOTOS --output features.npy
      hardviews embed runs/my PHOTOS --features patches --output maps.safetensors

      Started again after it was stopped, the same command goes on where it was.
      """)

  @OptionGroup var encoder: EncoderArguments

  @ArgumentParser.Argument(help: "Images as `pretrain` takes them, labelled or not.")
  var data: String

  @Option(help: "The file; ends in .safetensors, .npy (names go into .names.csv beside it), .csv or .parquet.")
  var output: String

  @Option(
    help: """
      pooled, class-token (transformers), or patches: the features of every place; by default the class token of a \
      transformer, and pooled features of other networks.
      """)
  var features: FeatureKind?

  @Option(help: "Which part of the images: train or test.")
  var split = DataSplit.train

  @Option(help: "fp32, bf16, fp16 or auto.")
  var precision = Precision.fp32

  @Option(help: "Where to compute: cpu or cuda.")
  var device = DeviceChoice.cpu

  @OptionGroup(title: "Several workers") var group: WorkerOptions

  func run() throws {
    try group.share { try device.use(embed) }
  }

  private func embed() throws {
    let encoder = try encoder.open()
    Engine.setThreadCount(encoder.threads)
    let dataset = try encoder.open(data, split: split)
    Watching.opened(dataset, as: "Embedding")
    let job = try EmbeddingRun(encoder, of: dataset, features: features, precision: precision, to: output)
    let start = ContinuousClock.now
    var said = start
    Interruption.listen(isPatient: Workers.current.count > 1)
    let summary = try job.run(
      progress: { done, total in
        guard Interruption.request != .stop else {
          remark(
            "Stopped after \(done) of \(total) images. The same command goes on from the parts in \(output).partial.")
          throw ExitCode(130)
        }
        guard done < total, ContinuousClock.now - said > .seconds(5) else { return }
        said = .now
        remark("\(done) of \(total) images")
      }, onSkip: Watching.skipped)
    let seconds = Double((ContinuousClock.now - start) / .seconds(1))
    let reused = summary.reused == 0 ? "" : ", \(summary.reused) of them from before"
    let left =
      summary.skipped.isEmpty
      ? "" : "; \(summary.skipped.count) could not be read and were left out: \(Self.list(summary.skipped))"
    print(
      "\(output): features \(summary.shape) of \(summary.shape[0]) images\(reused), in "
        + "\(describeDuration(seconds: seconds))\(left).")
  }

  private static func list(_ images: [SkippedImage]) -> String {
    images.prefix(5).map(\.name).joined(separator: ", ") + (images.count > 5 ? " and \(images.count - 5) more" : "")
  }
}

extension FeatureKind: ExpressibleByArgument {}
extension DataSplit: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {}
