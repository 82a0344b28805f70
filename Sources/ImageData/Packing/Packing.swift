import AtomicFiles
import Foundation
import Views

/// The format and settings of packing.
public struct PackingOptions: Sendable {
  /// A container that images are packed into.
  public enum Container: String, CaseIterable, Sendable {
    /// A folder of tar files that are read from front to back.
    case shards
    /// One file of decoded images of one size.
    case packed
  }

  /// The container.
  public var container = Container.shards
  /// Pixels that the shorter side is resized to, with antialiasing; nil keeps images as they are.
  ///
  /// Shards keep images as they are whose shorter side is not longer. A packed file holds the middle square of what was
  /// resized.
  public var resize: Int?
  /// How resized images of shards are encoded; images that are not resized keep their bytes.
  public var encoding = ImageEncoding.jpeg
  /// Quality of JPEGs, from 1 to 100.
  public var quality = 95
  /// Images in one shard.
  public var imagesPerShard = 10_000
  /// Whether the images for training are packed in a random order, always the same, instead of their own.
  ///
  /// Shards are read from front to back, so that batches of images sorted by class would see few classes at once. An
  /// image's position changes, and with it the views that are drawn of it.
  public var shuffles = false
  /// Channels of a packed file; nil takes those of the first image.
  public var channels: Int?

  /// Shards of images as they are.
  public init() {}

  /// The positions of training images in the order in which they are packed.
  func order(of dataset: any ImageDataset) -> [Int] {
    guard shuffles else { return Array(0..<dataset.count) }
    var random = ViewRandom(seed: 0, epoch: 0, sample: 0, view: 0, stream: RandomStream.split)
    return random.permutation(of: dataset.count)
  }

  /// Whether an image is larger than shards are to hold.
  func shrinks(_ image: any ImageSource) -> Bool { resize.map { min(image.width, image.height) > $0 } ?? false }
}

/// The result of packing.
public struct PackingReport: Sendable, Equatable {
  /// Images for training.
  public var trainImages = 0
  /// Images for testing.
  public var testImages = 0
  /// Images that could not be read and were left out.
  public var skipped: [SkippedImage] = []
}

/// Packs the images of a dataset into a container that opens and reads faster, in their order and with their classes.
public enum Packing {
  /// Packs one or both splits of a dataset.
  ///
  /// The output appears when it is whole; nothing is left of it when packing fails.
  /// - Parameters:
  ///   - train: The images to train on.
  ///   - test: The images to test on, if there are any.
  ///   - output: A file or folder that does not exist yet.
  ///   - onProgress: Told how many images of how many are done.
  /// - Throws: `PackingError`, or what `onProgress` throws.
  public static func pack(
    train: any ImageDataset, test: (any ImageDataset)?, to output: String, options: PackingOptions,
    onProgress: (Int, Int) throws -> Void = { _, _ in }
  ) throws -> PackingReport {
    guard !FileManager.default.fileExists(atPath: output) else { throw PackingError(path: output, problem: .exists) }
    if let side = options.resize, !(1...8192).contains(side) {
      throw PackingError(path: output, problem: .unsupported("--resize goes from 1 to 8192, not \(side)"))
    }
    switch options.container {
    case .packed:
      return try PackedFileWriter(options: options, output: output).write(train, test, onProgress: onProgress)
    case .shards: return try packShards(train, test, to: output, options: options, onProgress: onProgress)
    }
  }

  private static func packShards(
    _ train: any ImageDataset, _ test: (any ImageDataset)?, to output: String, options: PackingOptions,
    onProgress: (Int, Int) throws -> Void
  ) throws -> PackingReport {
    guard options.imagesPerShard > 0 else {
      throw PackingError(path: output, problem: .unsupported("a shard holds at least one image"))
    }
    let partial = "\(output).partial"
    // What is there may be another program's work in progress, or somebody's folder.
    guard mkdir(partial, 0o777) == 0 else {
      throw PackingError(
        path: partial, problem: errno == EEXIST ? .exists : .unwritable(String(cString: strerror(errno))))
    }
    defer { try? FileManager.default.removeItem(atPath: partial) }
    var report = PackingReport()
    let total = train.count + (test?.count ?? 0)
    var done = 0
    func pack(_ dataset: any ImageDataset, in order: [Int], into folder: String) throws -> Int {
      do {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      } catch {
        throw PackingError(
          path: output, problem: .unwritable(FileError(error, path: folder, action: .create).reason))
      }
      let writer = ShardWriter(folder: folder, imagesPerShard: options.imagesPerShard)
      var packed = 0
      try ImageStream(order: order).forEach { index throws(ImageError) in
        try encoded(index, of: dataset, options: options)
      } body: { index, result in
        switch result {
        case .success(let file):
          try writer.append(file.bytes, fileExtension: file.fileExtension, label: dataset.labels?[index])
          packed += 1
        case .failure(let error):
          report.skipped.append(SkippedImage(index: index, name: dataset.name(at: index), reason: error.reason))
        }
        done += 1
        try onProgress(done, total)
      }
      try writer.finish()
      return packed
    }
    report.trainImages = try pack(
      train, in: options.order(of: train), into: test == nil ? partial : "\(partial)/train")
    if let test { report.testImages = try pack(test, in: Array(0..<test.count), into: "\(partial)/test") }
    guard report.trainImages > 0 else { throw PackingError(path: output, problem: .nothingReadable) }
    do throws(FileError) {
      if let names = train.classNames {
        try AtomicFile.write(Array(names.map { $0 + "\n" }.joined().utf8), to: "\(partial)/classes.txt")
      }
    } catch {
      throw PackingError(path: output, problem: .unwritable(error.reason))
    }
    guard rename(partial, output) == 0 else {
      throw PackingError(path: output, problem: .unwritable(String(cString: strerror(errno))))
    }
    return report
  }

  /// The file of one image: its own bytes where it stays as it is.
  private static func encoded(
    _ index: Int, of dataset: any ImageDataset, options: PackingOptions
  ) throws(ImageError) -> (bytes: [UInt8], fileExtension: String) {
    let name = dataset.name(at: index)
    let source: any ImageSource
    if let encoded = dataset as? any EncodedImages {
      let bytes = try encoded.encodedImage(at: index)
      let image = try EncodedImage(bytes, name: name, options: encoded.options)
      if !options.shrinks(image) {
        _ = try image.wholeImage()
        return (bytes, image.fileExtension)
      }
      source = image
    } else {
      source = try dataset.source(at: index)
    }
    let shrinks = options.shrinks(source)
    let image = try ImagePreparation(shorterSide: shrinks ? options.resize : nil)(source)
    // What was not lossy is not made so without being asked.
    let encoding = shrinks ? options.encoding : .png
    let bytes = try ImageEncoder.encode(image, as: encoding, quality: options.quality, name: name)
    return (bytes, encoding == .jpeg ? "jpg" : "png")
  }
}
