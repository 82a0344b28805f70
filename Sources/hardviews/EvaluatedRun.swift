import Foundation
import HardViewPretraining
import ImageData
import NeuralNetworks
import RepresentationEvaluation
import RunRecords
import Torch
import Views

/// A run with the images that it is measured on; results go into its `evaluation` folder.
struct EvaluatedRun {
  private let encoder: PretrainedEncoder
  private let directory: RunDirectory
  private let data: DataConfiguration

  /// Features of both splits.
  struct Features {
    var train: LabelledFeatures
    var test: LabelledFeatures
  }

  /// One line of a nearest-neighbour result.
  struct NearestNeighboursRecord: Codable {
    var neighbours: Int
    var temperature: Double
    var top1: Double
    var top5: Double
  }

  init(path: String, data: String?) throws {
    encoder = try PretrainedEncoder(run: path)
    directory = try RunDirectory.open(at: path)
    var section = encoder.configuration.values.data
    if let data {
      section.path = data
      section.format = .automatic
      section.limit = 0
    }
    self.data = section
    Engine.setThreadCount(encoder.configuration.values.threads)
  }

  /// Runs the encoder over the training images and the test split.
  func features() throws -> Features {
    Features(train: try features(of: .train), test: try features(of: .test))
  }

  private func features(of split: DataSplit) throws -> LabelledFeatures {
    let values = encoder.configuration.values
    let views = encoder.configuration.views.groups[0].recipe
    let transform = EvaluationTransform(
      resize: values.evaluation.resize, crop: values.evaluation.crop, interpolation: views.crop.interpolation,
      normalization: views.normalization, channels: values.backbone.channels)
    let skipped = SkippedImages(maximumShare: values.data.skippedShareLimit, onSkip: Watching.skipped)
    return try extractFeatures(
      of: Pretraining.open(data, split: split), with: encoder.backbone, transform: transform,
      threads: values.data.loaderThreadCount, skipped: skipped, dtype: values.precision.dtype(on: .current))
  }

  /// Weighted k-NN accuracy on the test split; writes `knn.json`.
  func nearestNeighbours(
    _ features: Features, neighbours: [Int] = [10, 20, 100, 200], temperature: Double = 0.07
  ) throws -> [NearestNeighboursRecord] {
    var protocolOfPaper = NearestNeighbours()
    protocolOfPaper.neighbours = neighbours
    protocolOfPaper.temperature = temperature
    let records = try protocolOfPaper.evaluate(train: features.train, test: features.test).map { k, accuracy in
      NearestNeighboursRecord(
        neighbours: k, temperature: temperature, top1: accuracy.top1, top5: accuracy.top5)
    }
    try directory.writeEvaluation(records, named: "knn")
    return records
  }

  /// Linear accuracy on the test split; writes `linear.json`.
  func linearProbe(_ features: Features, epochs: Int = 100) throws -> LinearProbe.Result {
    var probe = LinearProbe()
    probe.epochs = epochs
    let result = try probe.evaluate(train: features.train, test: features.test)
    try directory.writeEvaluation(result, named: "linear")
    return result
  }
}
