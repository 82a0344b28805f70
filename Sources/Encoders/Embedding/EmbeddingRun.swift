import Checkpoints
import Foundation
import HardViewPretraining
import ImageData
import NeuralNetworks
import RunRecords
import Safetensors
import Torch

/// Embeds a dataset into a file, in parts, so that it goes on where it was stopped.
///
/// Of several workers, each embeds some of the missing parts, and the first one writes the file.
///
/// Parts lie in a folder beside the file, `NAME.partial`, until all are there; a part is whole or absent. They are used
/// again only with the same weights, preprocessing and images.
public struct EmbeddingRun {
  /// What was written.
  public struct Summary: Codable, Sendable, Equatable {
    /// The file.
    public let path: String
    /// The sides of the features: rows first.
    public let shape: [Int]
    /// Rows that were there from an earlier try.
    public let reused: Int
    /// Images that could not be read.
    public let skipped: [SkippedImage]
  }

  /// What parts must have been made with.
  private struct Identity: Codable, Equatable {
    var weights: String
    var encoder: String
    var features: String
    var precision: String
    var images: Int
    var names: String
    var rowsPerPart: Int

    /// What each is called, and its value.
    var entries: [(name: String, value: String)] {
      [
        ("weights", weights), ("encoder", encoder), ("features", features), ("precision", precision),
        ("images", "\(images)"), ("names of the images", names), ("rows of a part", "\(rowsPerPart)"),
      ]
    }

    func differences(from other: Identity) -> [String] {
      zip(entries, other.entries).filter { $0.value != $1.value }.map {
        "\($0.name): \($0.value) there, \($1.value) now"
      }
    }
  }

  private let encoder: VisionEncoder
  private let dataset: any ImageDataset
  private let kind: FeatureKind
  private let precision: Precision
  private let path: String
  private let format: FeatureFormat
  private let rowsPerPart: Int
  private let batchSize: Int
  private var folder: String { path + ".partial" }

  /// Prepares to embed a dataset; nothing is written yet.
  ///
  /// - Parameters:
  ///   - encoder: The encoder.
  ///   - dataset: The images.
  ///   - kind: Which features; nil takes `standardFeatures`.
  ///   - precision: What convolutions and matrix products compute in.
  ///   - output: The file; its ending names the format.
  ///   - rowsPerPart: Images of a part, up to 128 or a multiple of 128; nil takes 1024, or fewer where their features
  ///     take over 64 MiB.
  /// - Throws: `EmbeddingError` where there is such a file, or one with the names of its rows, or its format cannot hold
  ///   the features; `EncoderError` where the network has no such features.
  public init(
    _ encoder: VisionEncoder, of dataset: any ImageDataset, features kind: FeatureKind? = nil,
    precision: Precision = .fp32, to output: String, rowsPerPart: Int? = nil
  ) throws {
    self.encoder = encoder
    self.dataset = dataset
    self.kind = kind ?? encoder.standardFeatures
    self.precision = precision
    path = (output as NSString).expandingTildeInPath
    format = try FeatureFormat(path: path)
    try encoder.check(self.kind)
    if self.kind == .patches, !format.holdsPatches { throw EmbeddingError(path: path, problem: .patches) }
    guard !FileManager.default.fileExists(atPath: path) else { throw EmbeddingError(path: path, problem: .exists) }
    let bytes = encoder.rowShape(of: self.kind).reduce(4, *)
    let batches = min(8, max(1, (64 << 20) / (128 * bytes)))
    self.rowsPerPart = rowsPerPart ?? batches * 128
    batchSize = min(128, self.rowsPerPart)
    precondition(self.rowsPerPart % batchSize == 0, "parts of whole batches")
    // Where parts are, an earlier try of this run has written the names and not the array.
    let names = FeatureTable.namesPath(besides: path)
    if format == .npy, !FileManager.default.fileExists(atPath: folder), FileManager.default.fileExists(atPath: names) {
      throw EmbeddingError(path: names, problem: .exists)
    }
  }

  /// Embeds what is missing, and writes the file.
  ///
  /// - Parameters:
  ///   - progress: Told after each batch how many images of all are done, or, of several workers, of this one's share.
  ///   - onSkip: Told about images that could not be read in this try.
  /// - Throws: `EmbeddingError` where the parts that are there belong to other features; `RecordError` and
  ///   `SafetensorsError` when the disk refuses; `LoaderError` where no image can be read; what `progress` throws. What was
  ///   embedded before is used the next time.
  public func run(
    progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in },
    onSkip: @escaping @Sendable (SkippedImage) -> Void = { _ in }
  ) throws -> Summary {
    let workers = Workers.current
    let partCount = (dataset.count + rowsPerPart - 1) / rowsPerPart
    let identity = identity
    try workers.requireAgreement(
      on: "features", identity.entries.map { "\($0.name): \($0.value)" }.joined(separator: "\n"))
    try workers.agreeing {
      if workers.isFirst { try begin(identity) }
    }
    // As the first one sees them: others write some of them soon.
    let missing = try workers.gatheredValues(
      (0..<partCount).filter { !FileManager.default.fileExists(atPath: partPath($0)) })[0]
    let own = BatchPart(workers.rank, of: workers.count).share(of: missing.count)
    try workers.agreeing { try embed(missing[own], progress: progress, onSkip: onSkip) }
    let summary = try workers.agreeing { workers.isFirst ? try assemble(partCount, embedded: Set(missing)) : nil }
    return try workers.gatheredValues(summary)[0]!
  }

  /// Writes the file from all parts, and removes them.
  private func assemble(_ partCount: Int, embedded: Set<Int>) throws -> Summary {
    var parts: [SafetensorsFile] = []
    for number in 0..<partCount {
      let part = try SafetensorsFile(path: partPath(number))
      try part.verifyChecksum()
      parts.append(part)
    }
    let rows = try parts.map { try $0.shape(of: "features")[0] }
    let skipped = parts.flatMap { Self.skipped(in: $0) }
    guard rows.contains(where: { $0 > 0 }) else {
      throw LoaderError.nothingDecodes(total: dataset.count, examples: Array(skipped.prefix(3)))
    }
    let shape = encoder.rowShape(of: kind)
    let table = FeatureTable(parts: parts, rowShape: shape, dataset: dataset, metadata: metadata)
    try table.write(as: format, to: path)
    for number in 0..<partCount { unlink(partPath(number)) }
    unlink(identityPath)
    rmdir(folder)
    return Summary(
      path: path, shape: [rows.reduce(0, +)] + shape,
      reused: rows.enumerated().reduce(0) { $0 + (embedded.contains($1.offset) ? 0 : $1.element) }, skipped: skipped)
  }

  // MARK: - Parts

  private var identityPath: String { folder + "/embedding.json" }

  private func partPath(_ number: Int) -> String {
    "\(folder)/part-\(String(format: "%06d", number)).safetensors"
  }

  /// Makes the folder of the parts, or checks that the one that is there is of these features.
  private func begin(_ identity: Identity) throws {
    if let data = FileManager.default.contents(atPath: identityPath) {
      guard let there = try? JSONDecoder().decode(Identity.self, from: data) else {
        throw EmbeddingError(path: folder, problem: .otherParts(["embedding.json is of another version"]))
      }
      guard there == identity else {
        throw EmbeddingError(path: folder, problem: .otherParts(there.differences(from: identity)))
      }
      return
    }
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try JSONEncoder().encode(identity).write(to: URL(filePath: identityPath), options: .atomic)
    } catch {
      throw RecordError(
        path: folder, reason: "could not be written (\(error.localizedDescription))",
        advice: "Name an --output in a folder that can be written to")
    }
  }

  /// Embeds some parts.
  private func embed(
    _ parts: ArraySlice<Int>, progress: (Int, Int) throws -> Void,
    onSkip: @escaping @Sendable (SkippedImage) -> Void
  ) throws {
    let positions = parts.flatMap { images(ofPart: $0) }
    guard !positions.isEmpty else { return }
    let skipped = SkippedImages(maximumShare: 1) { image in
      onSkip(SkippedImage(index: positions[image.index], name: image.name, reason: image.reason))
    }
    var rows: [Tensor] = []
    var indices: [Int] = []
    var rest = parts
    let before = Workers.current.count == 1 ? dataset.count - positions.count : 0
    /// Writes the parts before one.
    func finish(before part: Int) throws {
      while let number = rest.first, number < part {
        let range = images(ofPart: number)
        let left = skipped.records.map {
          SkippedImage(index: positions[$0.index], name: $0.name, reason: $0.reason)
        }
        try writePart(number, rows: rows, indices: indices, skipped: left.filter { range.contains($0.index) })
        (rows, indices) = ([], [])
        rest.removeFirst()
      }
    }
    do {
      // Batches lie within parts: all but the last of all are full.
      try encoder.forEachBatch(
        of: Subset(dataset, indices: positions), features: kind, precision: precision, batchSize: batchSize,
        skipped: skipped
      ) { places, features in
        try finish(before: positions[places[0]] / rowsPerPart)
        rows.append(features)
        indices += places.map { positions[$0] }
        try progress(before + places.last! + 1, before + positions.count)
      }
    } catch LoaderError.nothingDecodes {
      // Of these; whether that holds for all images is known at the end.
    }
    try finish(before: .max)
  }

  private func images(ofPart number: Int) -> Range<Int> {
    number * rowsPerPart..<min((number + 1) * rowsPerPart, dataset.count)
  }

  private func writePart(_ number: Int, rows: [Tensor], indices: [Int], skipped: [SkippedImage]) throws {
    var state = StateDictionary()
    state.append("features", encoder.table(rows, of: kind))
    state.append("indices", withDevice(.cpu) { Tensor(indices) })
    let text = String(decoding: try JSONEncoder().encode(skipped), as: UTF8.self)
    try state.write(to: partPath(number), metadata: ["skipped": text])
  }

  private static func skipped(in part: SafetensorsFile) -> [SkippedImage] {
    guard let text = part.metadata["skipped"] else { return [] }
    return (try? JSONDecoder().decode([SkippedImage].self, from: Data(text.utf8))) ?? []
  }

  // MARK: - Metadata

  private var identity: Identity {
    Identity(
      weights: encoder.fingerprint, encoder: encoder.configuration.metadata, features: kind.rawValue,
      precision: "\(precision.dtype(on: .current))", images: dataset.count, names: namesChecksum,
      rowsPerPart: rowsPerPart)
  }

  private var namesChecksum: String {
    var checksum = Checksum()
    for index in 0..<dataset.count {
      var name = dataset.name(at: index) + "\n"
      name.withUTF8 { checksum.add(UnsafeRawBufferPointer($0)) }
    }
    return checksum.digits
  }

  private var metadata: [String: String] {
    var metadata = [
      "format": "hardviews-features-1", "features": kind.rawValue, "source": encoder.name, "data": dataset.summary,
      "weights": encoder.fingerprint, EncoderConfiguration.metadataKey: encoder.configuration.metadata,
    ]
    if let names = dataset.classNames, let text = try? JSONEncoder().encode(names) {
      metadata["classes"] = String(decoding: text, as: UTF8.self)
    }
    return metadata
  }
}

extension VisionEncoder {
  /// A checksum of the weights and statistics, eight hexadecimal digits.
  package var fingerprint: String {
    var checksum = Checksum()
    for (_, value) in StateDictionary(of: backbone).entries {
      value.detached().contiguous().withBytes { checksum.add($0) }
    }
    return checksum.digits
  }

  /// The sides of the features of one image.
  func rowShape(of kind: FeatureKind) -> [Int] {
    let backbone = configuration.backbone
    guard kind == .patches else { return [backbone.featureCount] }
    let crop = configuration.preprocessing.crop
    if backbone.isTransformer {
      let side = crop / backbone.patchSize
      return [side * side, backbone.featureCount]
    }
    func halved(_ side: Int, times: Int) -> Int { (0..<times).reduce(side) { side, _ in (side - 1) / 2 + 1 } }
    let side = halved(crop, times: backbone.stem == .imagenet ? 5 : 3)
    return [side * side, backbone.featureCount]
  }
}
