import ArgumentParser
import Foundation
import HardViewPretraining
import ImageData
import RunRecords

/// `hardviews pack`.
struct PackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pack",
    abstract: "Write images into tar shards or one packed file, which open and read faster than many files.",
    discussion: """
      hardviews pack PHOTOS shards                              # tar shards with the same bytes
      hardviews pack PHOTOS shards --resize 256                 # smaller JPEGs
      hardviews pack PHOTOS photos.hvpack --format packed --resize 64
      """)

  @Argument(help: "Images as `pretrain` takes them.")
  var data: String

  @Argument(help: "The folder (shards) or file (packed) to write; must not exist.")
  var output: String

  @Option(help: "shards, or packed: one file of decoded images of one size.")
  var format = PackingOptions.Container.shards

  @Option(help: "Shrink the shorter side to so many pixels; packed files hold the middle square.")
  var resize: Int?

  @Option(help: "How resized images of shards are encoded: jpeg or png.")
  var encoding = ImageEncoding.jpeg

  @Option(help: "Quality of JPEGs, from 1 to 100.")
  var quality = 95

  @Option(help: "Images in one shard.")
  var imagesPerShard = 10_000

  @Flag(help: "Pack training images in random order: for shards of images that are sorted by class.")
  var shuffle = false

  @Option(help: "Channels of a packed file: 1 (gray), 3, or those of the images; by default those of the first image.")
  var channels: Int?

  @Option(help: "What shows through where images are transparent, such as #ffffff; by default alpha is dropped.")
  var background: BackgroundColor?

  @Option(help: "Where in the names of a tar shard's files the key of a sample ends: first_dot or last_dot.")
  var keyAt = ShardKey.firstDot

  func validate() throws {
    guard (1...100).contains(quality) else { throw ValidationError("--quality goes from 1 to 100.") }
    guard imagesPerShard > 0 else { throw ValidationError("--images-per-shard is at least 1.") }
    guard channels.map({ (1...1024).contains($0) }) ?? true else {
      throw ValidationError("--channels goes from 1 to 1024.")
    }
    guard resize.map({ (1...8192).contains($0) }) ?? true else {
      throw ValidationError("--resize goes from 1 to 8192.")
    }
  }

  func run() throws {
    let decoding = DecodingOptions(background: background, channels: channels, shardKey: keyAt)
    let train = try Datasets.open(
      path: data, split: .train, options: decoding, readers: HardViewsProgram.components.datasetReaders)
    let test = try testSplit(decoding)
    var options = PackingOptions()
    options.container = format
    options.resize = resize
    options.encoding = encoding
    options.quality = quality
    options.imagesPerShard = imagesPerShard
    options.shuffles = shuffle
    options.channels = channels
    Watching.opened(train, as: "Packing")
    let start = ContinuousClock.now
    var said = start
    Interruption.listen()
    let report = try Packing.pack(train: train, test: test, to: output, options: options) { done, total in
      guard Interruption.request != .stop else {
        remark("Stopped; nothing was written.")
        throw ExitCode(130)
      }
      guard done == total || ContinuousClock.now - said > .seconds(5) else { return }
      said = .now
      remark("\(done) of \(total) images")
    }
    for image in report.skipped { Watching.skipped(image) }
    let seconds = Double((ContinuousClock.now - start) / .seconds(1))
    let splits = "\(report.trainImages) images" + (test == nil ? "" : " and \(report.testImages) to test on")
    let left = report.skipped.isEmpty ? "" : "; \(report.skipped.count) could not be read and were left out"
    let size = Self.size(of: output).formatted(.byteCount(style: .file))
    print("\(output): \(splits), \(size), in \(describeDuration(seconds: seconds))\(left).")
    print("Train on it with: hardviews pretrain --recipe simsiam-small --data \(output)")
  }

  /// The test split, where the data have one.
  private func testSplit(_ decoding: DecodingOptions) throws -> (any ImageDataset)? {
    do {
      return try Datasets.open(path: data, split: .test, options: decoding)
    } catch {
      switch error.problem {
      case .noSplit, .missingFiles: return nil
      default: throw error
      }
    }
  }

  /// Bytes of a file, or of all files below a folder.
  private static func size(of path: String) -> Int {
    let below = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    return ([path] + below.map { "\(path)/\($0)" }).reduce(0) { sum, path in
      let attributes = try? FileManager.default.attributesOfItem(atPath: path)
      guard attributes?[.type] as? FileAttributeType == .typeRegular else { return sum }
      return sum + ((attributes?[.size] as? NSNumber)?.intValue ?? 0)
    }
  }
}

extension PackingOptions.Container: ExpressibleByArgument {}
extension ImageEncoding: ExpressibleByArgument {}
extension ShardKey: ExpressibleByArgument {}

extension BackgroundColor: ExpressibleByArgument {
  /// Reads a color as `data.background` takes it.
  public init?(argument: String) { self.init(argument) }
}
