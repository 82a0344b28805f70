import Views

/// Decoded images of one size, one after the other: in memory, as IDX and CIFAR files bring them, or in a file.
struct PackedImages: ImageDataset {
  /// How the images are called.
  enum Names {
    /// By their places in the files they came from, each with so many images.
    case places([(file: String, count: Int)])
    /// By names of their own, some of a table, in the file that holds them all.
    case table(NameTable, Range<Int>, file: String)
  }

  let width: Int
  let height: Int
  let channels: Int
  let count: Int
  let labels: [Int]?
  let classNames: [String]?
  let summary: String

  private let pixels: any PixelStore
  private let start: Int
  private let names: @Sendable (Int) -> String

  /// Presents `[count][height][width][channels]` values that begin at byte `start` of `pixels`.
  ///
  /// - Parameters:
  ///   - names: Covers `count` images.
  ///   - format: The format's name, for the summary.
  ///   - path: Where the images came from, for the summary.
  init(
    width: Int, height: Int, channels: Int, pixels: any PixelStore, start: Int = 0, names: Names, labels: [Int]?,
    classNames: [String]?, format: String, path: String
  ) {
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
    self.start = start
    self.labels = labels
    self.classNames = classNames
    switch names {
    case .places(let places):
      count = places.reduce(0) { $0 + $1.count }
      self.names = { Self.name(of: $0, in: places) }
    case .table(let table, let range, let file):
      count = range.count
      self.names = { "\(file)#\(table[range.lowerBound + $0])" }
    }
    let classes = labels.map { "in \(Set($0).count) classes" } ?? "without labels"
    let color = channels == 1 ? "gray" : channels == 3 ? "RGB" : "\(channels)-channel"
    self.summary = "\(count) \(color) images of \(width)x\(height) \(classes) (\(format), \(path))"
  }

  func source(at index: Int) throws(ImageError) -> any ImageSource {
    precondition(index >= 0 && index < count, "image \(index) of \(count)")
    return PackedImage(
      width: width, height: height, channels: channels, pixels: pixels,
      start: start + index * width * height * channels)
  }

  func name(at index: Int) -> String {
    precondition(index >= 0 && index < count, "image \(index) of \(count)")
    return names(index)
  }

  private static func name(of index: Int, in places: [(file: String, count: Int)]) -> String {
    var rest = index
    var place = 0
    while rest >= places[place].count {
      rest -= places[place].count
      place += 1
    }
    return "\(places[place].file)#\(rest)"
  }
}

/// Bytes that pixels are copied from.
protocol PixelStore: Sendable {
  /// The bytes of `range`, which are all there.
  func bytes(in range: Range<Int>) -> [UInt8]
}

extension [UInt8]: PixelStore {
  func bytes(in range: Range<Int>) -> [UInt8] { Array(self[range]) }
}

/// One image among others of its size.
private struct PackedImage: ImageSource {
  let width: Int
  let height: Int
  let channels: Int
  let pixels: any PixelStore
  /// Its first byte.
  let start: Int

  var fingerprint: UInt64? {
    ImageData.fingerprint(of: pixels.bytes(in: start..<start + width * height * channels))
  }

  /// The rows that are needed, in the image's own resolution.
  func pixels(_ need: PixelNeed) -> ImagePart {
    let top = min(max(0, need.box.top), height - 1)
    let bottom = min(max(top + 1, need.box.top + need.box.height), height)
    let row = width * channels
    let image = Image(
      width: width, height: bottom - top, channels: channels,
      pixels: pixels.bytes(in: start + top * row..<start + bottom * row))
    return ImagePart(image, ofWidth: width, height: height, reduction: 1, top: top, left: 0)
  }
}
