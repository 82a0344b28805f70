import ArgumentParser
import Foundation
import HardViewPretraining
import RunRecords

/// `hardviews pretrain`.
struct PretrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pretrain",
    abstract: "Train an encoder on a folder of images, or continue a run.",
    discussion: """
      hardviews pretrain --recipe simsiam-small --data PHOTOS
      hardviews pretrain my.yaml --set selection.candidates=8 --set training.epochs=200
      hardviews pretrain --resume runs/my
      """)

  @OptionGroup var chosen: ChosenConfiguration

  @Option(help: "The run folder; by default runs/NAME, with a number when that exists.")
  var output: String?

  @Option(help: ArgumentHelp("Continue the run in this folder.", valueName: "run"))
  var resume: String?

  func validate() throws {
    guard resume != nil else { return try chosen.check() }
    guard chosen.isEmpty, output == nil else {
      throw ValidationError("--resume takes everything from the run folder; give it alone, or with --device.")
    }
  }

  func run() throws {
    if let resume {
      let task = try Pretraining.resume(
        resume, on: chosen.device, components: HardViewsProgram.components, onSkip: Watching.skipped)
      try Watching.train(task, in: resume)
      return
    }
    let configuration = try chosen.resolved()
    let file = chosen.file.map { URL(filePath: $0).deletingPathExtension().lastPathComponent }
    let output = self.output ?? unusedPath("runs/\(chosen.recipe ?? file ?? "run")")
    let task = try Pretraining.start(configuration, output: output, onSkip: Watching.skipped)
    try Watching.train(task, in: output)
  }
}

/// `path`, or the first of `path-2`, `path-3`, … that does not exist.
func unusedPath(_ path: String) -> String {
  var candidate = path
  var number = 1
  while FileManager.default.fileExists(atPath: candidate) {
    number += 1
    candidate = "\(path)-\(number)"
  }
  return candidate
}
