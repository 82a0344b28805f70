import ArgumentParser
import Foundation
import HardViewPretraining
import ImageData
import Optimization
import RunRecords
import Torch

/// Trains a task before a person's eyes: progress, Ctrl-C, and what to type next.
enum Watching {
  /// Trains to the end; exits with code 130 when interrupted, after the checkpoint.
  static func train(_ task: any PretrainingTask, in output: String, label: String = "", isPartOfMore: Bool = false)
    throws
  {
    Interruption.listen(isPatient: Workers.current.count > 1)
    remark("\(label.isEmpty ? "Training" : label) in \(output)")
    remark("\(task.summary)")
    let console = ProgressConsole()
    var steps = 0
    let outcome = try task.run(asking: { Interruption.request }) { event in
      WorkerProcess.divertOutput(of: output)
      switch event {
      case .step(let progress, let loss, let rate, let left):
        steps += 1
        if steps == stepsBeforeEstimate, left > 60 { console.note(expectation(secondsLeft: left)) }
        console.update(
          ProgressLine(
            epoch: progress.epoch + 1, totalEpochs: progress.totalEpochs,
            fraction: Double(progress.step + 1) / Double(progress.totalSteps), loss: loss, imagesPerSecond: rate,
            secondsLeft: left))
      case .epoch(let progress, let metrics):
        console.endEpoch(
          ProgressLine(
            epoch: progress.epoch + 1, totalEpochs: progress.totalEpochs,
            fraction: Double(progress.step + 1) / Double(progress.totalSteps), loss: metrics.loss,
            imagesPerSecond: metrics.imagesPerSecond, secondsLeft: 0))
      case .note(let text), .warning(let text), .signal(_, let text):
        console.note(text)
      }
    }
    console.finish()
    switch outcome {
    case .interrupted:
      remark("Stopped after writing a checkpoint. Continue with: hardviews pretrain --resume \(output)")
      throw ExitCode(130)
    case .stoppedEarly(let reason):
      remark(reason)
      remark(advice(after: task, in: output))
    case .finished where !isPartOfMore:
      remark("Done. \(advice(after: task, in: output))")
    case .finished:
      break
    }
  }

  /// What to do with a trained encoder.
  private static func advice(after task: any PretrainingTask, in output: String) -> String {
    guard !task.summary.isLabelled else { return "Measure it with: hardviews evaluate knn \(output)" }
    return """
      The images have no labels; measure the encoder on others that have:
        hardviews evaluate knn \(output) --data LABELLED_IMAGES
      Look at what was drawn of the images: hardviews views \(output) --output views.png
      Use the encoder: \(output)/checkpoints/encoder.safetensors, in PyTorch as Documentation/RunFolder.md says
      """
  }

  /// Steps after which the time that training takes can be told.
  private static let stepsBeforeEstimate = 20

  private static func expectation(secondsLeft: Double) -> String {
    let end = Date.now.addingTimeInterval(min(secondsLeft, 1e9))
    let style = Date.FormatStyle(date: secondsLeft < 43_200 ? .omitted : .abbreviated, time: .shortened)
    return "Expected time: \(describeDuration(seconds: secondsLeft)), until \(end.formatted(style))"
  }

  /// Says which images are used, and what was left out of them.
  static func opened(_ dataset: any ImageDataset, as use: String = "") {
    remark((use.isEmpty ? "" : "\(use) ") + dataset.summary)
    remarks(on: dataset)
  }

  /// Says what was left out of some images.
  static func remarks(on dataset: any ImageDataset) {
    for text in dataset.remarks { remark(text) }
  }

  /// Names an image that was left out.
  @Sendable static func skipped(_ image: SkippedImage) {
    remark("skipped \(image.name): \(image.reason)")
  }
}
