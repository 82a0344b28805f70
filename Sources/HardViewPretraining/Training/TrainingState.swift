import Checkpoints
import Foundation
import NeuralNetworks
import Optimization
import RunConfiguration
import Torch

/// Everything that a training must save to continue exactly: where it is, and the states of its parts.
final class TrainingState {
  /// Where training is.
  var position: TrainingProgress
  /// How many images there are; a checkpoint of other data does not fit.
  private let imageCount: Int
  private let parts: [(name: String, part: any TrainingPart)]

  init(_ position: TrainingProgress, imageCount: Int, parts: [(name: String, part: any TrainingPart)]) {
    self.position = position
    self.imageCount = imageCount
    self.parts = parts
  }

  static let format = "hardviews-checkpoint-1"

  /// Gathers on the first worker what is to be saved; called by all of them.
  func prepareForSaving() throws {
    for (_, part) in parts { try part.prepareForSaving() }
  }

  /// The tensors of every part, each under the part's name.
  var tensors: StateDictionary {
    var all = StateDictionary()
    for (name, part) in parts {
      for tensor in part.tensors { all.append(tensor.name.isEmpty ? name : "\(name).\(tensor.name)", tensor.value) }
    }
    return all
  }

  /// Format, position, the parts with their versions, and their text.
  func metadata() throws -> [String: String] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    func text(_ value: some Encodable) throws -> String { String(decoding: try encoder.encode(value), as: UTF8.self) }
    var metadata = [
      "format": Self.format, "progress": try text(position), "images": String(imageCount), "parts": try text(versions),
    ]
    for (name, part) in parts {
      for (key, value) in part.values { metadata["\(name).\(key)"] = value }
    }
    return metadata
  }

  /// Steps taken before a checkpoint, or before an encoder was written alone; nil where it does not say so.
  static func step(in checkpoint: Checkpoint) -> Int? {
    if let text = checkpoint.metadata["progress"] {
      return (try? JSONDecoder().decode(TrainingProgress.self, from: Data(text.utf8)))?.step
    }
    return checkpoint.metadata["step"].flatMap { Int($0) }
  }

  private var versions: [String: Int] {
    Dictionary(uniqueKeysWithValues: parts.map { ($0.name, $0.part.stateVersion) })
  }

  /// Goes on from a checkpoint; nothing changes where it does not fit.
  ///
  /// - Parameter data: The data, in words, for errors.
  /// - Throws: `NotACheckpointError`, `ChangedDataError`, `PartsError`, `MismatchError`; `ConfigurationError` where
  ///   training is to end before the checkpoint.
  func restore(_ checkpoint: Checkpoint, data: String) throws {
    guard let text = checkpoint.metadata["progress"],
      let saved = try? JSONDecoder().decode(TrainingProgress.self, from: Data(text.utf8))
    else { throw NotACheckpointError(path: checkpoint.path) }
    guard saved.stepsPerEpoch == position.stepsPerEpoch else {
      throw ChangedDataError(
        path: checkpoint.path, before: saved.stepsPerEpoch, now: position.stepsPerEpoch, unit: "steps an epoch",
        data: data)
    }
    // Older checkpoints do not tell.
    if let images = checkpoint.metadata["images"].flatMap({ Int($0) }), images != imageCount {
      throw ChangedDataError(path: checkpoint.path, before: images, now: imageCount, unit: "images", data: data)
    }
    guard saved.step <= position.totalSteps else {
      throw ConfigurationError(
        path: "training.epochs",
        problem: .invalid(
          "is \(position.totalEpochs), but the run has trained for \(saved.epoch) epochs and more already"))
    }
    try checkParts(of: checkpoint)
    try checkpoint.load(into: tensors, renaming: Self.presentName)
    for (name, part) in parts {
      var values: [String: String] = [:]
      for (key, value) in checkpoint.metadata {
        if key.hasPrefix(name + ".") { values[String(key.dropFirst(name.count + 1))] = value }
        // What selection had chosen, as checkpoints before the parts had it.
        if key == name { values[name] = values[name] ?? value }
      }
      try part.restore(values)
    }
    position.step = saved.step
  }

  /// Whether the checkpoint has the parts of this program, in the same versions, but for those that may be missing.
  ///
  /// Older checkpoints list none.
  private func checkParts(of checkpoint: Checkpoint) throws {
    guard let text = checkpoint.metadata["parts"],
      let saved = try? JSONDecoder().decode([String: Int].self, from: Data(text.utf8))
    else { return }
    let missing = parts.filter { $0.part.mayBeMissing && saved[$0.name] == nil }.map(\.name)
    let present = versions.filter { !missing.contains($0.key) }
    if saved != present { throw PartsError(path: checkpoint.path, saved: saved, present: present) }
  }

  /// The name that a tensor of an older checkpoint has today.
  static func presentName(_ name: String) -> String {
    var name = name
    if name.hasPrefix("hardness.") { name = "selection." + name.dropFirst("hardness.".count) }
    if name.hasPrefix("model.") {
      for (old, new) in [("model.centre.", "model.center."), ("model.patch_centre.", "model.patch_center.")]
      where name.hasPrefix(old) {
        name = new + name.dropFirst(old.count)
      }
    }
    return name
  }
}

/// The weights and statistics of a module.
final class ModulePart: TrainingPart {
  private let state: StateDictionary

  init(_ module: some Module) {
    state = StateDictionary(of: module)
  }

  var tensors: [(name: String, value: Tensor)] { state.entries }
}

/// The optimizer's memory.
final class OptimizerPart: TrainingPart {
  private let optimizer: ScheduledOptimizer

  init(_ optimizer: ScheduledOptimizer) {
    self.optimizer = optimizer
  }

  var tensors: [(name: String, value: Tensor)] { optimizer.state.map { ($0.name, $0.buffer.value) } }

  func prepareForSaving() throws { try optimizer.collect() }
}

/// Named buffers, asked for when they are saved.
final class BufferPart: TrainingPart {
  private let state: () -> [(name: String, buffer: Buffer)]

  init(_ state: @escaping () -> [(name: String, buffer: Buffer)]) {
    self.state = state
  }

  var tensors: [(name: String, value: Tensor)] { state().map { ($0.name, $0.buffer.value) } }
}

/// A generator of random numbers.
final class GeneratorPart: TrainingPart {
  private let generator: Generator
  private let copy: Tensor

  init(_ generator: Generator) {
    self.generator = generator
    copy = withDevice(.cpu) { generator.state }
  }

  /// A copy of the state, under the part's own name.
  var tensors: [(name: String, value: Tensor)] {
    withoutGradients { copy.copyInPlace(from: generator.state) }
    return [("", copy)]
  }

  func restore(_ values: [String: String]) throws { generator.state = copy }
}
