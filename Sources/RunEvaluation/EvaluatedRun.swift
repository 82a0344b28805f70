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
  private let configuration: ResolvedConfiguration
  private let data: DataConfiguration
  private let onSkip: @Sendable (SkippedImage) -> Void

  /// Features of both splits.
  public struct Features {
    /// Those that a protocol learns from.
    public var train: LabelledFeatures
    /// Those that it is measured on.
    public var test: LabelledFeatures
    /// The images of both, in words.
    public var images: String
    /// Remarks on the accuracies, a sentence each.
    public var remarks: [String]
  }

  /// Loads the encoder of a run.
  ///
  /// - Parameters:
  ///   - path: The run folder, or one of its checkpoints.
  ///   - data: Labelled images with a test split; nil takes those that the run was trained on.
  ///   - resize: Pixels that the shorter side is resized to; nil is as the run says, in proportion to `crop`.
  ///   - crop: Side of the square cut from the center, in pixels; nil is as the run says.
  ///   - components: What the run's configuration may name.
  ///   - onSkip: Told about images that could not be used.
  /// - Throws: Errors of the run and its checkpoint; `ConfigurationError` where `resize` and `crop` do not go together.
  public init(
    path: String, data: String? = nil, resize: Int? = nil, crop: Int? = nil, components: Components = .standard,
    onSkip: @escaping @Sendable (SkippedImage) -> Void = { _ in }
  ) throws {
    self.onSkip = onSkip
    encoder = try PretrainedEncoder(run: path, components: components)
    configuration = try encoder.configuration.evaluating(resize: resize, crop: crop)
    var section = configuration.values.data
    if let data {
      section.path = URL(filePath: (data as NSString).expandingTildeInPath).standardizedFileURL.path
      section.format = .automatic
      section.limit = 0
    }
    self.data = section
    Engine.setThreadCount(configuration.values.threads)
  }

  /// Runs the encoder over the training images and the test split.
  public func features() throws -> Features {
    let (trainData, testData) = (try open(.train), try open(.test))
    let (train, test) = (try features(of: trainData), try features(of: testData))
    return Features(
      train: train, test: test,
      images: "\(train.count) training and \(test.count) test images of \(Set(train.labels).count) classes",
      remarks: trainData.remarks + testData.remarks.filter { !trainData.remarks.contains($0) } + sizeRemarks
        + train.remarks(on: test))
  }

  /// How images are prepared for the encoder.
  public var transform: EvaluationTransform { configuration.evaluationTransform }

  private var sizeRemarks: [String] {
    let (transform, size) = (transform, configuration.views.globalSize)
    guard transform.crop != size else { return [] }
    let side = Int((Double(size * transform.resize) / Double(transform.crop)).rounded())
    return [
      "Images are resized to \(transform.resize) px and cropped to \(transform.crop) px, but the encoder was trained on "
        + "views of \(size) px; --resize \(side) --crop \(size) evaluates it at that size."
    ]
  }

  private func open(_ split: DataSplit) throws -> any ImageDataset {
    try Pretraining.open(
      data, split: split, channels: configuration.values.backbone.channels, components: configuration.components)
  }

  private func features(of dataset: any ImageDataset) throws -> LabelledFeatures {
    let values = configuration.values
    return try extractFeatures(
      of: dataset, with: encoder.backbone, transform: transform, threads: values.data.loaderThreadCount,
      skipped: SkippedImages(maximumShare: values.data.skippedShareLimit, onSkip: onSkip),
      dtype: values.precision.dtype(on: .current))
  }

  /// Weighted k-NN accuracy on the test split; written as `knn`.
  ///
  /// - Parameter neighbours: The numbers of neighbors; nil takes those of 10, 20, 100 and 200 that the training images
  ///   suffice for, or all training images where they are fewer.
  public func nearestNeighbours(
    _ features: Features, neighbours: [Int]? = nil, temperature: Double = 0.07
  ) throws -> NearestNeighbours.Result {
    var evaluation = NearestNeighbours()
    evaluation.neighbours = neighbours ?? evaluation.neighbours.filter { $0 <= features.train.count }
    if evaluation.neighbours.isEmpty { evaluation.neighbours = [features.train.count] }
    evaluation.temperature = temperature
    let result = try evaluation.evaluate(train: features.train, test: features.test)
    try write(result, of: "knn", settings: evaluation, features)
    return result
  }

  /// Linear accuracy on the test split; written as `linear`.
  public func linearProbe(_ features: Features, epochs: Int = 100) throws -> LinearProbe.Result {
    var probe = LinearProbe()
    probe.epochs = epochs
    let result = try probe.evaluate(train: features.train, test: features.test)
    try write(result, of: "linear", settings: probe, features)
    return result
  }

  private func write<Settings: Codable & Sendable>(
    _ result: some Codable & Sendable, of evaluation: String, settings: Settings, _ features: Features
  ) throws {
    let transform = transform
    let record = EvaluationRecord(
      evaluation: evaluation, date: Date.now.formatted(.iso8601), data: data.path, checkpoint: encoder.checkpointPath,
      step: encoder.step,
      images: .init(
        train: features.train.count, test: features.test.count, classes: Set(features.train.labels).count,
        resize: transform.resize, crop: transform.crop, channels: transform.channels,
        interpolation: transform.interpolation, normalization: transform.normalization,
        precision: "\(configuration.values.precision.dtype(on: .current))"),
      settings: settings, remarks: features.remarks, result: result)
    try encoder.directory.writeEvaluation(record, named: evaluation)
  }
}
