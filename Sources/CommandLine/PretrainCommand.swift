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
      hardviews pretrain --resume runs/my --set training.epochs=400
      """)

  @OptionGroup var chosen: ChosenConfiguration

  @Option(help: "The run folder; by default runs/NAME, with a number when that exists.")
  var output: String?

  @Option(help: ArgumentHelp("Continue the run in this folder.", valueName: "run"))
  var resume: String?

  @Flag(help: "Continue the run in --output where there is one, else begin it; for schedulers that start again.")
  var resumeOrStart = false

  func validate() throws {
    if resumeOrStart, output == nil || resume != nil {
      throw ValidationError("--resume-or-start needs --output, which names the run, and no --resume.")
    }
    guard resume != nil else { return try chosen.check() }
    guard chosen.file == nil, chosen.recipe == nil, output == nil else {
      throw ValidationError(
        "--resume takes its settings from the run folder; change some of them with --set, --data and --device.")
    }
  }

  func run() throws {
    if let resume { return try goOn(with: resume) }
    if resumeOrStart, let output, RunDirectory.isRun(at: output) { return try goOn(with: output) }
    let configuration = try chosen.resolved()
    let file = chosen.file.map { URL(filePath: $0).deletingPathExtension().lastPathComponent }
    let output = self.output ?? unusedPath("runs/\(file ?? chosen.recipe ?? "run")")
    let task = try Pretraining.start(configuration, output: output, onSkip: Watching.skipped)
    try Watching.train(task, in: output)
  }

  private func goOn(with run: String) throws {
    let task = try Pretraining.resume(
      run, changing: chosen.change, components: HardViewsProgram.components, onSkip: Watching.skipped)
    try Watching.train(task, in: run)
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
