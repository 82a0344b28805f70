import ArgumentParser
import Foundation
import HardViewPretraining
import RunConfiguration
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

  @Argument(help: ArgumentHelp("A YAML file that is laid over the defaults.", valueName: "config.yaml"))
  var file: String?

  @Option(help: "A recipe to start from; see `hardviews recipes`.")
  var recipe: String?

  @Option(help: "Images: a folder of JPEG, PNG and WebP files, tar shards, a packed file, IDX or CIFAR files.")
  var data: String?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("Change one key; may be repeated.", valueName: "key.path=value"))
  var assignments: [String] = []

  @Option(help: "The run folder; by default runs/NAME, with a number when that exists.")
  var output: String?

  @Option(help: "Decides initial weights, order and views.")
  var seed: Int?

  @Option(help: "Where to compute: cpu.")
  var device: String?

  @Option(help: ArgumentHelp("Continue the run in this folder.", valueName: "run"))
  var resume: String?

  func validate() throws {
    if resume != nil {
      guard file == nil, recipe == nil, data == nil, assignments.isEmpty, output == nil, seed == nil, device == nil
      else { throw ValidationError("--resume takes everything from the run folder; give it alone.") }
    } else if file == nil && recipe == nil {
      throw ValidationError("Name a configuration file, or a recipe with --recipe (see `hardviews recipes`).")
    } else if file != nil && recipe != nil {
      throw ValidationError("Give either a configuration file or --recipe, not both.")
    }
  }

  func run() throws {
    if let resume {
      let task = try Pretraining.resume(resume, onSkip: Watching.skipped)
      try Watching.train(task, in: resume)
      return
    }
    let configuration = try ResolvedConfiguration(settings())
    let name = recipe ?? file.map { URL(filePath: $0).deletingPathExtension().lastPathComponent } ?? "run"
    let output = self.output ?? unusedPath("runs/\(name)")
    let task = try Pretraining.start(configuration, output: output, onSkip: Watching.skipped)
    try Watching.train(task, in: output)
  }

  /// The file or recipe with the flags laid over it.
  private func settings() throws -> ConfigurationTree {
    var settings: ConfigurationTree
    if let recipe {
      settings = try Recipes.named(recipe)
    } else {
      settings = try ConfigurationTree(contentsOf: file ?? "")
    }
    for assignment in assignments { try settings.set(assignment) }
    if let data { settings.set(.string(data), at: "data.path") }
    if let seed { settings.set(.integer(seed), at: "seed") }
    if let device { settings.set(.string(device), at: "device") }
    return settings
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
