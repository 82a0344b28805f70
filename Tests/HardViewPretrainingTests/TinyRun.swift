import Foundation
import HardViewPretraining
import HardViewSelection
import Objectives
import RunConfiguration
import RunRecords
import TestSupport

/// A run small enough for a test: 64 synthetic images of 16 px, two epochs of four steps, one thread.
struct TinyRun {
  let folder: String
  let data: String

  init(in folder: String) throws {
    self.folder = folder
    data = try SyntheticImages.writeIDX(in: folder)
  }

  func configuration(_ assignments: [String] = []) throws -> ResolvedConfiguration {
    var settings = try ConfigurationTree(
      yaml: """
        threads: 1
        precision: fp32
        data: {path: \(data), loader_threads: 0}
        views: {size: 16, blur: {probability: 0.0}, normalization: {mean: [0.5], standard_deviation: [0.25]}}
        backbone: {name: resnet18, stem: cifar, width: 8, channels: 1}
        method: {name: simsiam, projector_layers: 2, projector_output: 16, predictor_hidden: 8}
        optimizer: {learning_rate: 0.5}
        training: {epochs: 2, batch_size: 16}
        records: {metrics_every_steps: 2, views_of_images: 3}
        evaluation: {resize: 16, crop: 16}
        """, source: "tiny")
    for assignment in assignments { try settings.set(assignment) }
    return try ResolvedConfiguration(settings)
  }

  func directory(_ name: String) -> String { "\(folder)/\(name)" }

  /// Trains to the end and returns the folder.
  func train(_ name: String, _ assignments: [String] = []) throws -> RunDirectory {
    let task = try Pretraining.start(configuration(assignments), output: directory(name))
    _ = try task.run()
    return try RunDirectory.open(at: directory(name))
  }

  /// The bytes of a run's last checkpoint and encoder.
  static func weights(_ run: RunDirectory) throws -> [Data] {
    try [run.checkpointPath, run.encoderPath].map { try Data(contentsOf: URL(filePath: $0)) }
  }

  /// The bytes of a run's encoder.
  static func encoder(_ run: RunDirectory) throws -> Data { try Data(contentsOf: URL(filePath: run.encoderPath)) }
}
