import Checkpoints
import Foundation
import HardViewPretraining
import NeuralNetworks
import RunConfiguration
import RunRecords
import Torch

extension VisionEncoder {
  static func random(_ options: EncoderOptions, components: Components) throws -> VisionEncoder {
    var options = options
    if let like = options.like {
      options.like = nil
      let seed = options.seed
      let model = try VisionEncoder(
        like, options: like == EncoderOptions.random ? options : EncoderOptions(), components: components)
      let configuration = try model.configuration.overlaid(with: options.completeSettings)
      let random = try Self.random(configuration, seed: seed)
      return VisionEncoder(
        random.backbone, configuration, from: random.origin, run: model.run, components: components)
    }
    let settings = options.backboneSettings
    guard settings["name"] != nil else { throw EncoderError(encoder: EncoderOptions.random, problem: .noBackbone) }
    let backbone = try ConfigurationTree.decode(BackboneConfiguration(), overlaying: settings, at: "backbone")
    return try random(
      EncoderConfiguration(backbone: backbone).overlaid(with: options.settings), seed: options.seed,
      components: components)
  }

  static func load(_ path: String, _ options: EncoderOptions, components: Components) throws -> VisionEncoder {
    if isOfRun(path) {
      let trained = try PretrainedEncoder(run: path, components: components)
      let configuration = trained.configuration.encoder
      return VisionEncoder(
        trained.backbone, try configuration.overlaid(with: options.completeSettings, keeping: configuration, in: path),
        from: .run(trained.directory, checkpoint: trained.checkpointPath, step: trained.step),
        run: trained.configuration,
        components: components)
    }
    let checkpoint = try Checkpoint.ofWeights(at: path)
    guard !checkpoint.isOfTraining else { throw EncoderError(encoder: path, problem: .checkpointWithoutRun) }
    let own = try EncoderConfiguration(metadata: checkpoint.metadata, of: path)
    let (backbone, configuration) =
      if let own { try described(by: own, in: checkpoint, options) } else { try foreign(in: checkpoint, options) }
    return VisionEncoder(
      backbone, configuration, from: .file(path, step: checkpoint.trainedSteps), run: nil, components: components)
  }

  /// Whether a path is a run folder or lies among the checkpoints of one, and is no file that stands alone.
  ///
  /// What does not exist counts as a run folder, unless it is named as a file.
  private static func isOfRun(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    guard exists, !isFolder.boolValue else { return isFolder.boolValue || !path.hasSuffix(".safetensors") }
    let folder = URL(filePath: absolutePath(of: path)).deletingLastPathComponent()
    return folder.lastPathComponent == "checkpoints" && RunDirectory.isRun(at: folder.deletingLastPathComponent().path)
  }

  /// An encoder from a file that describes itself.
  private static func described(
    by own: EncoderConfiguration, in checkpoint: Checkpoint, _ options: EncoderOptions
  ) throws -> (any Backbone, EncoderConfiguration) {
    let configuration = try own.overlaid(with: options.completeSettings, keeping: own, in: checkpoint.path)
    let backbone = configuration.backbone.makeBackbone(using: Generator(seed: 0))
    try checkpoint.load(into: StateDictionary(of: backbone))
    return (backbone, configuration)
  }

  /// An encoder from a file of another program, whose names and shapes say what it is.
  private static func foreign(
    in checkpoint: Checkpoint, _ options: EncoderOptions
  ) throws -> (any Backbone, EncoderConfiguration) {
    let file = try WeightsFile(checkpoint)
    let settings = options.backboneSettings
    let found = try file.backboneConfiguration()
    let wanted = try ConfigurationTree.decode(found, overlaying: settings, at: "backbone")
    let configuration = try EncoderConfiguration(backbone: wanted).overlaid(with: options.settings)
    let backbone = configuration.backbone.makeBackbone(using: Generator(seed: 0))
    try file.loadWhole(backbone)
    return (backbone, configuration)
  }
}

extension EncoderConfiguration {
  /// The same with settings laid over the preprocessing; the network is the one that the weights were made with.
  /// - Throws: `ConfigurationError` where settings ask for another network.
  fileprivate func overlaid(
    with settings: ConfigurationTree, keeping own: EncoderConfiguration, in path: String
  ) throws(ConfigurationError) -> EncoderConfiguration {
    let overlaid = try overlaid(with: settings)
    guard overlaid.backbone != own.backbone else { return overlaid }
    let (mine, asked) = try (ConfigurationTree(encoding: own.backbone), ConfigurationTree(encoding: overlaid.backbone))
    guard let change = mine.changes(to: asked).first else { return overlaid }
    throw ConfigurationError(
      path: "backbone.\(change.key)",
      problem: .invalid("is \(change.after), but \(path) holds an encoder with \(change.before); leave it out"))
  }
}
