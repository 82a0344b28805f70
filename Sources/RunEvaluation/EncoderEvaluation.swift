import Encoders
import Foundation
import HardViewPretraining
import ImageData
import NeuralNetworks
import RepresentationEvaluation
import RunRecords
import Torch
import Views

/// An encoder with the labelled images that it is measured on.
///
/// ```swift
/// let evaluation = try EncoderEvaluation(VisionEncoder("runs/my"), images: EvaluationImages(data: "photos"))
/// let record = try evaluation.run(LinearProbe())
/// print(record.measures)
/// ```
///
/// Features are taken once, for all protocols, each of several workers from a part of the images. Results go into the
/// encoder's evaluation folder, a file for each.
public final class EncoderEvaluation {
  /// What is measured.
  public let encoder: VisionEncoder
  /// The images, divided.
  public let division: LabelledDivision
  private let images: EvaluationImages
  private let folder: EvaluationFolder
  let onSkip: @Sendable (SkippedImage) -> Void
  /// Told how far a long protocol is, in words.
  public var onProgress: (String) -> Void = { _ in }
  private var trainFeatures: LabelledFeatures?
  private var testFeatures: LabelledFeatures?

  /// Features of the divided images.
  public struct Features {
    /// Those that a protocol learns from.
    public var train: LabelledFeatures
    /// Those that it is measured on.
    public var test: LabelledFeatures
  }

  /// Opens and divides the images; none is read yet.
  ///
  /// - Parameters:
  ///   - encoder: The encoder, which sees images as its configuration says.
  ///   - images: Which images, and how they are divided.
  ///   - output: The folder of the results; nil takes the encoder's own.
  ///   - onSkip: Told about images that could not be used.
  /// - Throws: Errors of the data; `EncoderError` where there are none; `MissingLabelsError`; `DivisionError`.
  public init(
    _ encoder: VisionEncoder, images: EvaluationImages = EvaluationImages(), output: String? = nil,
    onSkip: @escaping @Sendable (SkippedImage) -> Void = { _ in }
  ) throws {
    self.encoder = encoder
    self.images = images
    division = try images.divided(for: encoder)
    folder = output.map { EvaluationFolder(path: ($0 as NSString).expandingTildeInPath) } ?? encoder.evaluation
    self.onSkip = onSkip
    Engine.setThreadCount(encoder.threads)
    try Workers.current.requireAgreement(
      on: "encoder and images", "weights: \(encoder.fingerprint)\nimages: \(summary)")
  }

  // MARK: Features

  /// Features of the divided images; the encoder runs over them at the first call.
  /// - Throws: `LoaderError` where too many images cannot be decoded; `TorchError` when memory runs out.
  public func features() throws -> Features {
    let train = try trainingFeatures()
    let test = try testFeatures ?? (division.origin.kind == .leaveOneOut ? train : features(of: division.test))
    testFeatures = test
    return Features(train: train, test: test)
  }

  /// Features of the images to learn from; the encoder runs over them at the first call, and over no test image.
  func trainingFeatures() throws -> LabelledFeatures {
    let features = try trainFeatures ?? features(of: division.train)
    trainFeatures = features
    return features
  }

  /// Features of labelled images.
  /// - Throws: `MissingLabelsError`; `LoaderError` where too many images cannot be decoded; `TorchError` when memory runs
  ///   out.
  public func features(of dataset: any ImageDataset) throws -> LabelledFeatures {
    try extractFeatures(
      of: dataset, with: encoder.backbone, transform: transform, threads: encoder.data.loaderThreadCount,
      skipped: SkippedImages(maximumShare: encoder.data.skippedShareLimit, onSkip: onSkip),
      dtype: encoder.precision.dtype(on: .current))
  }

  /// How many training images an image is compared with.
  var availableNeighbours: Int {
    get throws { max(1, try trainingFeatures().count - (division.origin.kind == .leaveOneOut ? 1 : 0)) }
  }

  // MARK: What is measured on what

  /// How images are prepared for the encoder.
  public var transform: EvaluationTransform { encoder.configuration.transform }

  /// The images in words.
  public var summary: String {
    let classes = Set(division.train.labels ?? []).count
    let counts =
      division.origin.kind == .leaveOneOut
      ? "\(division.train.count) images" : "\(division.train.count) training and \(division.test.count) test images"
    return "\(counts) of \(classes) classes, resized to \(transform.resize) px and cropped to \(transform.crop) px"
  }

  /// What to know about the images and what the encoder sees of them, a sentence each.
  public var remarks: [String] {
    let own = division.train.remarks
    return [images.remark(on: division)].compactMap { $0 } + own
      + division.test.remarks.filter { !own.contains($0) } + sizeRemarks
      + (testFeatures.flatMap { trainFeatures?.remarks(on: $0) } ?? [])
  }

  private var sizeRemarks: [String] {
    let size = encoder.configuration.viewSize
    if case .random = encoder.origin { return [] }
    guard transform.crop != size else { return [] }
    let side = Int((Double(size * transform.resize) / Double(transform.crop)).rounded())
    return [
      "Images are resized to \(transform.resize) px and cropped to \(transform.crop) px, but the encoder was trained on "
        + "views of \(size) px; --resize \(side) --crop \(size) evaluates it at that size."
    ]
  }

  // MARK: Protocols

  /// Measures by a protocol, and writes the record into the evaluation folder.
  /// - Throws: `EvaluationDataError` and others of the protocol; `RecordError` where the record cannot be written.
  public func run<Chosen: EncoderProtocol>(_ chosen: Chosen) throws -> EvaluationRecord<Chosen, Chosen.Result> {
    let record = try measure(chosen)
    let workers = Workers.current
    try workers.agreeing {
      if workers.isFirst { try folder.write(record, named: Chosen.name) }
    }
    return record
  }

  /// Measures by a protocol and writes nothing.
  /// - Throws: `EvaluationDataError` and others of the protocol.
  public func measure<Chosen: EncoderProtocol>(_ chosen: Chosen) throws -> EvaluationRecord<Chosen, Chosen.Result> {
    try chosen.check(self)
    let start = ContinuousClock.now
    let result = try chosen.evaluate(self)
    let seconds = Double((ContinuousClock.now - start) / .seconds(1))
    func path(_ name: String) -> String { VisionEncoder.absolutePath(of: name) }
    return EvaluationRecord(
      evaluation: Chosen.name, version: Chosen.version, date: Date.now.formatted(.iso8601),
      data: (images.train ?? images.data).map(path) ?? encoder.data.path, testData: images.test.map(path),
      division: division.origin, checkpoint: encoder.name, step: encoder.step,
      images: .init(
        train: trainFeatures?.count ?? division.train.count, test: testFeatures?.count ?? division.test.count,
        classes: Set(division.train.labels ?? []).count, resize: transform.resize, crop: transform.crop,
        channels: transform.channels, interpolation: transform.interpolation, normalization: transform.normalization,
        precision: "\(encoder.precision.dtype(on: .current))"),
      settings: chosen, remarks: remarks, seconds: seconds, measures: result.measures, result: result)
  }

  /// Runs a protocol whatever its type.
  public func outcome(of chosen: some EncoderProtocol) throws -> any MeasuredRecord { try run(chosen) }

  /// The standard protocols that can run on these images, fitted to them, those that take longest last.
  public func standardProtocols() throws -> [any EncoderProtocol] {
    try StandardProtocols.all.filter { division.origin.kind != .leaveOneOut || $0.leavesOneOut }
      .map { try $0.fitted(to: self) as any EncoderProtocol }
  }
}
