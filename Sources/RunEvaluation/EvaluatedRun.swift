import Foundation
import HardViewPretraining
import ImageData
import NeuralNetworks
import RepresentationEvaluation
import RunRecords
import Torch
import Views

/// A run with the images that its encoder is measured on; results go into the run's `evaluation` folder, a file for each
/// evaluation.
public struct EvaluatedRun {
  private let encoder: PretrainedEncoder
  private let data: DataConfiguration
  private let onSkip: @Sendable (SkippedImage) -> Void

  /// Features of both splits.
  public struct Features {
    /// Those that a protocol learns from.
    public var train: LabelledFeatures
    /// Those that it is measured on.
    public var test: LabelledFeatures
  }

  /// One line of a nearest-neighbor result.
  public struct NearestNeighboursRecord: Codable, Sendable {
    /// How many neighbors vote.
    public var neighbours: Int
    /// Temperature of the votes.
    public var temperature: Double
    /// The share of images whose class wins.
    public var top1: Double
    /// The share of images whose class is among the first five.
    public var top5: Double
  }

  /// A result and what it is of, as written.
  public struct Record<Result: Codable & Sendable>: Codable, Sendable {
    /// What was measured, such as `knn`.
    public var evaluation: String
    /// When, in UTC.
    public var date: String
    /// The images.
    public var data: String
    /// The file that the encoder was loaded from.
    public var checkpoint: String
    /// The result.
    public var result: Result
  }

  /// Loads the encoder of a run.
  ///
  /// - Parameters:
  ///   - path: The run folder, or one of its checkpoints.
  ///   - data: Labelled images with a test split; nil takes those that the run was trained on.
  ///   - components: What the run's configuration may name.
  ///   - onSkip: Told about images that could not be used.
  public init(
    path: String, data: String? = nil, components: Components = .standard,
    onSkip: @escaping @Sendable (SkippedImage) -> Void = { _ in }
  ) throws {
    self.onSkip = onSkip
    encoder = try PretrainedEncoder(run: path, components: components)
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
  public func features() throws -> Features {
    Features(train: try features(of: .train), test: try features(of: .test))
  }

  private func features(of split: DataSplit) throws -> LabelledFeatures {
    let values = encoder.configuration.values
    let skipped = SkippedImages(maximumShare: values.data.skippedShareLimit, onSkip: onSkip)
    return try extractFeatures(
      of: Pretraining.open(data, split: split, components: encoder.configuration.components), with: encoder.backbone,
      transform: encoder.configuration.evaluationTransform,
      threads: values.data.loaderThreadCount, skipped: skipped, dtype: values.precision.dtype(on: .current))
  }

  /// Weighted k-NN accuracy on the test split; written as `knn`.
  public func nearestNeighbours(
    _ features: Features, neighbours: [Int] = [10, 20, 100, 200], temperature: Double = 0.07
  ) throws -> [NearestNeighboursRecord] {
    var protocolOfPaper = NearestNeighbours()
    protocolOfPaper.neighbours = neighbours
    protocolOfPaper.temperature = temperature
    let records = try protocolOfPaper.evaluate(train: features.train, test: features.test).map { k, accuracy in
      NearestNeighboursRecord(
        neighbours: k, temperature: temperature, top1: accuracy.top1, top5: accuracy.top5)
    }
    try write(records, of: "knn")
    return records
  }

  /// Linear accuracy on the test split; written as `linear`.
  public func linearProbe(_ features: Features, epochs: Int = 100) throws -> LinearProbe.Result {
    var probe = LinearProbe()
    probe.epochs = epochs
    let result = try probe.evaluate(train: features.train, test: features.test)
    try write(result, of: "linear")
    return result
  }

  private func write(_ result: some Codable & Sendable, of evaluation: String) throws {
    let record = Record(
      evaluation: evaluation, date: Date.now.formatted(.iso8601), data: data.path, checkpoint: encoder.checkpointPath,
      result: result)
    try encoder.directory.writeEvaluation(record, named: evaluation)
  }
}
