import Views

/// Images of one size that are held in memory, as IDX and CIFAR files bring them.
struct PackedImages: ImageDataset {
  /// A file the images came from and how many of them, for names.
  struct Source {
    let file: String
    let count: Int
  }

  let width: Int
  let height: Int
  let channels: Int
  /// `[count][height][width][channels]`.
  let pixels: [UInt8]
  let sources: [Source]
  let labels: [Int]?
  let classNames: [String]?
  let summary: String

  /// Holds the images of `sources`, one after the other in `pixels`; `format` and `path` appear in the summary.
  init(
    width: Int, height: Int, channels: Int, pixels: [UInt8], sources: [Source], labels: [Int]?,
    classNames: [String]?, format: String, path: String
  ) {
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
    self.sources = sources
    self.labels = labels
    self.classNames = classNames
    let count = sources.reduce(0) { $0 + $1.count }
    let classes = labels.map { "in \(Set($0).count) classes" } ?? "without labels"
    let color = channels == 1 ? "gray" : "RGB"
    self.summary = "\(count) \(color) images of \(width)x\(height) \(classes) (\(format), \(path))"
  }

  var count: Int { pixels.count / (width * height * channels) }

  func source(at index: Int) throws(ImageError) -> any ImageSource {
    let size = width * height * channels
    return Image(
      width: width, height: height, channels: channels, pixels: Array(pixels[index * size..<(index + 1) * size]))
  }

  func name(at index: Int) -> String {
    precondition(index >= 0 && index < count, "image \(index) of \(count)")
    var rest = index
    var source = 0
    while rest >= sources[source].count {
      rest -= sources[source].count
      source += 1
    }
    return "\(sources[source].file)#\(rest)"
  }
}
