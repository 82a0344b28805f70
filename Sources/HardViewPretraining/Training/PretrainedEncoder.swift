import Checkpoints
import Foundation
import NeuralNetworks
import RunRecords
import Torch

/// The encoder of a finished or interrupted run, ready to make features.
public struct PretrainedEncoder {
  /// The network with its trained weights.
  public let backbone: any Backbone
  /// What it was trained with.
  public let configuration: ResolvedConfiguration

  /// Loads the last checkpoint of a run folder.
  /// - Throws: When the folder is no run, or has no checkpoint yet.
  public init(run path: String, components: Components = .standard) throws {
    let directory = try RunDirectory.open(at: path)
    configuration = try Pretraining.configuration(of: directory, components: components)
    guard FileManager.default.fileExists(atPath: directory.encoderPath) else {
      throw NoCheckpointError(path: path)
    }
    backbone = configuration.values.backbone.makeBackbone(using: Generator(seed: 0))
    try Checkpoint(path: directory.encoderPath).load(into: StateDictionary(of: backbone))
  }
}

/// A run that has not written a checkpoint yet.
public struct NoCheckpointError: Error, CustomStringConvertible {
  /// The run folder.
  public let path: String

  /// One paragraph.
  public var description: String {
    "\(path) has no checkpoint yet: the run was stopped before its first one. "
      + "Continue it with `hardviews pretrain --resume \(path)`."
  }
}
