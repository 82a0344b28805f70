import Checkpoints
import NeuralNetworks
import Optimization
import RunRecords

/// Writes checkpoints, and the encoder alone under its foreign names.
final class CheckpointStore {
  private let directory: RunDirectory
  private let encoder: any Backbone
  private let architecture: String
  private let everyEpochs: Int

  init(_ directory: RunDirectory, encoder: any Backbone, architecture: String, everyEpochs: Int) {
    self.directory = directory
    self.encoder = encoder
    self.architecture = architecture
    self.everyEpochs = everyEpochs
  }

  /// Whether a checkpoint is due at a position: at the end of some epochs, and of the last.
  func isDue(at position: TrainingProgress) -> Bool {
    position.stepInEpoch == 0 && (position.epoch % everyEpochs == 0 || position.isFinished)
  }

  /// Replaces the last checkpoint, unless what would be saved is not worth it.
  func save(_ state: TrainingState, unless isBroken: Bool) throws {
    guard !isBroken else { return }
    try state.tensors.write(to: directory.checkpointPath, metadata: try state.metadata())
    try StateDictionary(of: encoder).write(
      to: directory.encoderPath, metadata: ["format": "pt", "architecture": architecture])
  }
}
