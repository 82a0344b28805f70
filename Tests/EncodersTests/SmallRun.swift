import Checkpoints
import Encoders
import Foundation
import HardViewPretraining
import NeuralNetworks
import RunConfiguration
import RunRecords
import TestSupport
import Torch

/// A run of seconds on synthetic gray images of 16 px, and what its encoder is.
struct SmallRun {
  let directory: RunDirectory
  let data: String

  init(in folder: String, _ assignments: [String] = []) throws {
    data = try SyntheticImages.writeIDX(in: folder)
    var settings = try ConfigurationTree(
      yaml: """
        threads: 1
        precision: fp32
        data: {path: \(data), loader_threads: 0}
        views: {size: 16, blur: {probability: 0.0}, normalization: {mean: [0.5], standard_deviation: [0.25]}}
        backbone: {name: resnet18, stem: cifar, width: 8, channels: 1}
        method: {name: simsiam, projector_layers: 2, projector_output: 16, predictor_hidden: 8}
        training: {epochs: 1, batch_size: 32}
        evaluation: {resize: 18, crop: 16}
        """, source: "small")
    for assignment in assignments { try settings.set(assignment) }
    _ = try Pretraining.start(ResolvedConfiguration(settings), output: folder + "/run").run()
    directory = try RunDirectory.open(at: folder + "/run")
  }
}

extension VisionEncoder {
  /// Every value of the weights and statistics, in order.
  var values: [[Float]] { StateDictionary(of: backbone).entries.map { $0.value.scalars(as: Float.self) } }
}
