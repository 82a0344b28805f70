import Encoders
import Foundation
import HardViewPretraining
import ImageData
import NeuralNetworks
import RepresentationEvaluation
import RunRecords
import Torch
import Views

/// An encoder with the images that it is measured on; results go into its evaluation folder, a file for each evaluation.
public struct EvaluatedEncoder {
  private let encoder: VisionEncoder
  private let data: String?
  private let folder: EvaluationFolder
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

  /// Measures an encoder.
  ///
  /// - Parameters:
  ///   - encoder: The encoder, which sees images as its configuration says.
  ///   - data: Labelled images with a test split; nil takes those that the encoder's run was trained on.
  ///   - output: The folder of the results; nil takes the encoder's own.
  ///   - onSkip: Told about images that could not be used.
  /// - Throws: `EncoderError` where there are no images.
  public init(
    _ encoder: VisionEncoder, data: String? = nil, output: String? = nil,
    onSkip: @escaping @Sendable (SkippedImage) -> Void = { _ in }
  ) throws {
    self.encoder = encoder
    self.data = data
    guard data != nil || !encoder.data.path.isEmpty else {
      throw EncoderError(encoder: encoder.name, problem: .noData)
    }
    folder = output.map { EvaluationFolder(path: ($0 as NSString).expandingTildeInPath) } ?? encoder.evaluation
    self.onSkip = onSkip
    Engine.setThreadCount(encoder.threads)
  }

  /// Runs the encoder over the training images and the test split.
  public func features() throws -> Features {
    let (trainData, testData) = (try open(.train), try open(.test))
    let (train, test) = (try features(of: trainData), try features(of: testData))
    return Features(
      train: train, test: test,
      images: "\(train.count) training and \(test.count) test images of \(Set(train.labels).count) classes",
      remarks: trainData.remarks + testData.remarks.filter { !trainData.remarks.contains($0) } + sizeRemarks
        + train.remarks(on: test, classNames: trainData.classNames))
  }

  /// How images are prepared for the encoder.
  public var transform: EvaluationTransform { encoder.configuration.transform }

  private var sizeRemarks: [String] {
    let (transform, size) = (transform, encoder.configuration.viewSize)
    guard transform.crop != size else { return [] }
    let side = Int((Double(size * transform.resize) / Double(transform.crop)).rounded())
    return [
      "Images are resized to \(transform.resize) px and cropped to \(transform.crop) px, but the encoder was trained on "
        + "views of \(size) px; --resize \(side) --crop \(size) evaluates it at that size."
    ]
  }

  private func open(_ split: DataSplit) throws -> any ImageDataset { try encoder.open(data, split: split) }

  private func features(of dataset: any ImageDataset) throws -> LabelledFeatures {
    try extractFeatures(
      of: dataset, with: encoder.backbone, transform: transform, threads: encoder.data.loaderThreadCount,
      skipped: SkippedImages(maximumShare: encoder.data.skippedShareLimit, onSkip: onSkip),
      dtype: encoder.precision.dtype(on: .current))
  }

  /// Weighted k-NN accuracy on the test split; written as `knn`.
  ///
  /// - Parameter neighbours: The numbers of neighbors; nil takes those of 10, 20, 100 and 200 that the training images
  ///   suffice for, or all training images where they are fewer.
  public func nearestNeighbours(
    _ features: Features, neighbours: [Int]? = nil, temperature: Double = 0.07
  ) throws -> [NearestNeighboursRecord] {
    var evaluation = NearestNeighbours()
    evaluation.neighbours = neighbours ?? evaluation.neighbours.filter { $0 <= features.train.count }
    if evaluation.neighbours.isEmpty { evaluation.neighbours = [features.train.count] }
    evaluation.temperature = temperature
    let records = try evaluation.evaluate(train: features.train, test: features.test).map { k, accuracy in
      NearestNeighboursRecord(neighbours: k, temperature: temperature, top1: accuracy.top1, top5: accuracy.top5)
    }
    try write(records, of: "knn", settings: evaluation, features)
    return records
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
      evaluation: evaluation, date: Date.now.formatted(.iso8601),
      data: data.map(VisionEncoder.absolutePath(of:)) ?? encoder.data.path,
      checkpoint: encoder.name, step: encoder.step,
      images: .init(
        train: features.train.count, test: features.test.count, classes: Set(features.train.labels).count,
        resize: transform.resize, crop: transform.crop, channels: transform.channels,
        interpolation: transform.interpolation, normalization: transform.normalization,
        precision: "\(encoder.precision.dtype(on: .current))"),
      settings: settings, remarks: features.remarks, result: result)
    try folder.write(record, named: evaluation)
  }
}
