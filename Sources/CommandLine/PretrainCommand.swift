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

  @Option(
    help: ArgumentHelp(
      "Train in so many processes on this machine, started by torchrun; see Documentation/Workers.md.",
      valueName: "count"))
  var workers: Int?

  @Option(
    help: ArgumentHelp("How often --workers starts them again after one of them failed.", valueName: "count"))
  var restarts = 0

  @Option(help: ArgumentHelp("How long a worker waits for another before it gives up.", valueName: "seconds"))
  var workerTimeout = 600.0

  func validate() throws {
    if let workers, workers < 1 { throw ValidationError("--workers is \(workers); train in 1 process or more.") }
    guard restarts >= 0 else { throw ValidationError("--restarts is \(restarts); give 0 or more.") }
    guard workerTimeout >= 1 else { throw ValidationError("--worker-timeout is \(workerTimeout); give 1 s or more.") }
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
    if let workers, workers > 1, try WorkerPlace.current() == nil {
      try Torchrun.replaceProcess(
        workers: workers, restarts: restarts, arguments: Array(CommandLine.arguments.dropFirst()))
    }
    try WorkerProcess.run(timeout: workerTimeout, train)
  }

  private func train() throws {
    if let resume { return try goOn(with: resume) }
    if resumeOrStart, let output, RunDirectory.isRun(at: output) { return try goOn(with: output) }
    let file = chosen.file.map { URL(filePath: $0).deletingPathExtension().lastPathComponent }
    let planned = "runs/\(file ?? chosen.recipe ?? "run")"
    // Workers that were started again go on with what they began.
    let begun = output ?? usedPath(planned)
    if let place = try WorkerPlace.current(), place.restarts > 0, RunDirectory.isRun(at: begun) {
      return try goOn(with: begun)
    }
    var settings = try chosen.settings()
    if let initialWeights { settings.set(.string(initialWeights), at: "initialization.path") }
    let configuration = try ResolvedConfiguration(settings, components: HardViewsProgram.components)
    // Before any worker makes it.
    let output = try Workers.current.gathered(self.output ?? unusedPath(planned))[0]
    let task = try Pretraining.start(configuration, output: output, onSkip: Watching.skipped)
    try Watching.train(task, in: output)
  }

  private func goOn(with run: String) throws {
    let task = try Pretraining.resume(
      run, changing: chosen.change, components: HardViewsProgram.components, onSkip: Watching.skipped)
    try Watching.train(task, in: run)
  }
}

/// The last of `path`, `path-2`, `path-3`, … that exists before the first that does not; `path` where none does.
private func usedPath(_ path: String) -> String {
  var used = path
  var number = 2
  while FileManager.default.fileExists(atPath: "\(path)-\(number)") {
    used = "\(path)-\(number)"
    number += 1
  }
  return used
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
