import Checkpoints
import Foundation
import NeuralNetworks
import Objectives
import RunRecords
import Torch

/// The encoder of a finished or interrupted run, ready to make features.
package struct PretrainedEncoder {
  /// The network with its trained weights.
  package let backbone: any Backbone
  /// The configuration that it was trained with.
  package let configuration: ResolvedConfiguration
  /// The run that trained it.
  package let directory: RunDirectory
  /// The file that it was loaded from.
  package let checkpointPath: String
  /// Steps that it was trained for; nil where the file does not say so, as encoders of older versions.
  package let step: Int?

  /// Loads the newest encoder of a run, or that of one of its checkpoints.
  ///
  /// - Parameters:
  ///   - path: The run folder, or a file in its `checkpoints`.
  ///   - components: What the run's configuration may name.
  /// - Throws: `RecordError` when there is no run; `NoCheckpointError` when it has no checkpoint yet; `SafetensorsError`
  ///   when the file is damaged.
  package init(run path: String, components: Components = .standard) throws {
    var isFolder: ObjCBool = false
    let isFile = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
    let folder = isFile ? URL(filePath: path).deletingLastPathComponent().deletingLastPathComponent().path : path
    directory = try RunDirectory.open(at: folder)
    configuration = try Pretraining.configuration(of: directory, components: components)
    checkpointPath = isFile ? path : directory.encoderPath
    guard FileManager.default.fileExists(atPath: checkpointPath) else { throw NoCheckpointError(path: path) }
    let checkpoint = try Checkpoint(path: checkpointPath)
    step = checkpoint.trainedSteps
    if checkpoint.isOfTraining {
      backbone = try configuration.withParts(EncoderLoading(checkpoint: checkpoint))
    } else {
      backbone = configuration.values.backbone.makeBackbone(using: Generator(seed: 0))
      try checkpoint.load(into: StateDictionary(of: backbone))
    }
  }

  /// Takes the encoder out of a checkpoint of the whole training.
  private struct EncoderLoading: PartsConsumer {
    var checkpoint: Checkpoint

    func use<Method: SelfSupervisedMethod>(_ parts: PretrainingParts<Method>) throws -> any Backbone {
      try checkpoint.load(
        into: StateDictionary(of: parts.method, prefix: "model."), where: { $0.hasPrefix("model.") },
        renaming: TrainingState.presentName)
      return parts.method.encoder
    }
  }
}

extension Checkpoint {
  /// Whether the file holds all that training needs to go on, and not an encoder alone.
  package var isOfTraining: Bool { metadata["format"] == TrainingState.format }

  /// Steps that the weights were trained for; nil where the file does not say so.
  package var trainedSteps: Int? { TrainingState.step(in: self) }
}

extension ResolvedConfiguration {
  /// The encoder with the random weights that a run begins with, on the current device; weights of a file are not read.
  /// - Throws: `ConfigurationError`.
  package func initialEncoder() throws -> any Backbone { try withParts(InitialEncoder()) }

  private struct InitialEncoder: PartsConsumer {
    func use<Method: SelfSupervisedMethod>(_ parts: PretrainingParts<Method>) -> any Backbone { parts.method.encoder }
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
