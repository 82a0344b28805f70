import ArgumentParser
import Foundation
import HardViewPretraining
import RunConfiguration
import RunRecords
import Torch
import WorkerProcesses

/// `hardviews pretrain`.
struct PretrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pretrain",
    abstract: "Train an encoder on a folder of images, or continue a run.",
    discussion: """
      hardviews pretrain --recipe simsiam-small --data PHOTOS
      hardviews pretrain my.yaml --set selection.candidates=8 --set training.epochs=200
      hardviews pretrain --recipe simsiam-small --data OTHER_PHOTOS --init runs/my
      hardviews pretrain --resume runs/my
      hardviews pretrain --resume runs/my --set training.epochs=400
      """)

  @OptionGroup var chosen: ChosenConfiguration

  @Option(
    name: .customLong("init"),
    help: ArgumentHelp(
      "Begin with the weights of a run, a checkpoint, or a safetensors file of an encoder.", valueName: "run|file"))
  var initialWeights: String?

  @Option(help: "The run folder; by default runs/NAME, with a number when that exists.")
  var output: String?

  @Option(help: ArgumentHelp("Continue the run in this folder.", valueName: "run"))
  var resume: String?

  @Flag(help: "Continue the run in --output where there is one, else begin it; for schedulers that start again.")
  var resumeOrStart = false

  @OptionGroup(title: "Several workers") var group: WorkerOptions

  @Option(
    help: ArgumentHelp("How often --workers starts them again after one of them failed.", valueName: "count"))
  var restarts = 0

  func validate() throws {
    guard restarts >= 0, restarts == 0 || group.workers != nil else {
      throw ValidationError("--restarts is \(restarts); it needs --workers, and 0 or more.")
    }
    if resumeOrStart, output == nil || resume != nil {
      throw ValidationError("--resume-or-start needs --output, which names the run, and no --resume.")
    }
    guard resume != nil else { return try chosen.check() }
    guard initialWeights == nil else {
      throw ValidationError("--init begins a run with other weights; --resume goes on with the run's own. Give one.")
    }
    guard chosen.file == nil, chosen.recipe == nil, output == nil else {
      throw ValidationError(
        "--resume takes its settings from the run folder; change some of them with --set, --data and --device.")
    }
  }

  func run() throws {
    // Named here, so that workers that are started again find it.
    try group.run(
      timeout: 600, restarts: restarts,
      adding: output == nil && resume == nil ? ["--output", unusedPath(planned)] : [], train)
  }

  private func train() throws {
    if let resume { return try goOn(with: resume) }
    if resumeOrStart, let output, RunDirectory.isRun(at: output) { return try goOn(with: output) }
    let place = try WorkerPlace.current()
    if let place, place.mayRestart, output == nil {
      throw ValidationError(
        "The launcher may start the workers again; name the run with --output, so that they find it then.")
    }
    var settings = try chosen.settings()
    if let initialWeights { settings.set(.string(initialWeights), at: "initialization.path") }
    let configuration = try ResolvedConfiguration(settings, components: HardViewsProgram.components)
    // Before any worker makes it.
    let output = try Workers.current.gathered(self.output ?? unusedPath(planned))[0]
    let start = (place?.restarts ?? 0) > 0 ? Pretraining.startAgain : Pretraining.start
    try Watching.train(try start(configuration, output, Watching.skipped), in: output)
  }

  /// Where a run goes that is not named, but for a number where others are there.
  private var planned: String {
    let file = chosen.file.map { URL(filePath: $0).deletingPathExtension().lastPathComponent }
    return "runs/\(file ?? chosen.recipe ?? "run")"
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
