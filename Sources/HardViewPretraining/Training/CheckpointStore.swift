import Checkpoints
import Foundation
import NeuralNetworks
import Optimization
import RunRecords
import Safetensors
import Torch

/// Writes checkpoints when they are due, keeps some of them, and writes the encoder alone under its foreign names.
///
/// A disk that refuses does not end training: the next occasion is another try, and only the last one counts.
final class CheckpointStore {
  private let directory: RunDirectory
  private let encoder: any Backbone
  private let encoderConfiguration: EncoderConfiguration
  private let configuration: CheckpointConfiguration
  private let events: TrainingEvents
  private let isBest: () -> Bool
  private var lastTime = ContinuousClock.now
  /// Why the latest checkpoint could not be written; nil where it could.
  private var failure: CheckpointNotWrittenError?

  /// Describes a store.
  /// - Parameter isBest: Whether the online signal is the best so far at the position that training has reached.
  init(
    _ directory: RunDirectory, encoder: any Backbone, describedBy encoderConfiguration: EncoderConfiguration,
    configuration: CheckpointConfiguration, events: TrainingEvents, isBest: @escaping () -> Bool = { false }
  ) {
    self.directory = directory
    self.encoder = encoder
    self.encoderConfiguration = encoderConfiguration
    self.configuration = configuration
    self.events = events
    self.isBest = isBest
  }

  /// Whether a checkpoint is due at a position.
  func isDue(at position: TrainingProgress) -> Bool {
    if position.isFinished { return true }
    if position.stepInEpoch == 0, position.epoch % configuration.everyEpochs == 0 || isKeptForGood(position) {
      return true
    }
    if configuration.keepBest, isBest() { return true }
    let minutes = (ContinuousClock.now - lastTime) / .seconds(60)
    return configuration.everyMinutes > 0 && minutes >= configuration.everyMinutes
  }

  /// Writes a checkpoint, unless what would be saved is not worth it, and removes those that are no longer kept; the first
  /// worker does.
  func save(_ state: TrainingState, unless isBroken: Bool) throws {
    guard !isBroken else { return }
    lastTime = .now
    guard Workers.current.isFirst else { return }
    do {
      try write(state)
      failure = nil
    } catch let error as SafetensorsError {
      guard case .file = error.problem else { throw error }
      couldNotSave(state.position, because: error)
    } catch let error as RecordError {
      couldNotSave(state.position, because: error)
    }
  }

  /// Records that nothing could be saved at a position, and warns.
  func couldNotSave(_ position: TrainingProgress, because reason: any Error) {
    let error = CheckpointNotWrittenError(step: position.step, reason: "\(reason)")
    failure = error
    if !position.isFinished { events.send(.warning("\(error) Training goes on and tries again at the next one.")) }
  }

  /// Throws where the latest checkpoint could not be written.
  func validate() throws(CheckpointNotWrittenError) {
    if let failure { throw failure }
  }

  /// The encoder comes first: a process killed after the last checkpoint leaves an encoder that belongs to it.
  private func write(_ state: TrainingState) throws {
    let step = state.position.step
    try StateDictionary(of: encoder).write(
      to: directory.encoderPath,
      metadata: [
        "format": "pt", "architecture": encoderConfiguration.backbone.name.rawValue, "step": "\(step)",
        EncoderConfiguration.metadataKey: encoderConfiguration.metadata,
      ])
    try state.tensors.write(to: directory.checkpointPath(atStep: step), metadata: try state.metadata())
    try directory.link(directory.checkpointPath, toStep: step)
    if configuration.keepBest, isBest() { try directory.link(directory.bestCheckpointPath, toStep: step) }
    removeOld(state.position)
  }

  private func isKeptForGood(_ position: TrainingProgress) -> Bool {
    configuration.keepEveryEpochs > 0 && position.stepInEpoch == 0
      && position.epoch % configuration.keepEveryEpochs == 0
  }

  private func removeOld(_ position: TrainingProgress) {
    let best = configuration.keepBest ? directory.linkedStep(directory.bestCheckpointPath) : nil
    for saved in directory.savedCheckpoints().dropFirst(configuration.keep) {
      guard let step = saved.step, step != best else { continue }
      var place = position
      place.step = step
      if !isKeptForGood(place) { unlink(saved.path) }
    }
  }
}
