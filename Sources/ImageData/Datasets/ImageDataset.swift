import Views

/// A fixed collection of images, read by position, with or without class labels.
public protocol ImageDataset: Sendable {
  /// The number of images.
  var count: Int { get }
  /// The class of every image, counted from 0, or nil where the images have no classes.
  var labels: [Int]? { get }
  /// What the classes are called, in the order of their numbers, where that is known.
  var classNames: [String]? { get }
  /// One line for people: how many images of what kind, in how many classes, from where.
  var summary: String { get }
  /// What was left out of the dataset, or read in a way that may surprise, a sentence each; none by default.
  var remarks: [String] { get }
  /// The stretches of images that lie behind one another in a file and read fastest in order, together all images in
  /// their order; nil where any image reads as fast as the next.
  var shards: [Range<Int>]? { get }

  /// One image, whose pixels are yet to be decoded where it is encoded. May be called from several threads at once.
  func source(at index: Int) throws(ImageError) -> any ImageSource
  /// A name that leads back to the image: its file, or its place in one (`train-images-idx3-ubyte.gz#17`).
  func name(at index: Int) -> String
}

extension ImageDataset {
  /// Nothing to say.
  public var remarks: [String] { [] }

  /// Any order reads well.
  public var shards: [Range<Int>]? { nil }

  /// The pixels of one image, all of them.
  public func image(at index: Int) throws(ImageError) -> Image { try source(at: index).wholeImage() }
}

/// A dataset whose images are encoded files, or parts of one, and can be had as they are.
protocol EncodedImages: ImageDataset {
  /// How the images are read.
  var options: DecodingOptions { get }

  /// The bytes of the file that one image is. May be called from several threads at once.
  func encodedImage(at index: Int) throws(ImageError) -> [UInt8]
}

/// Which part of a dataset is meant.
public enum DataSplit: String, Codable, CaseIterable, Sendable {
  /// The images to train on.
  case train
  /// The images to test on: `t10k` files, `test_batch.bin`, the folders `val` or `test`.
  case test
}

/// How a dataset lies on disk: the name of a format that comes with the package or of one's own.
public struct DatasetFormat: RawRepresentable, Codable, Sendable, Hashable {
  /// The name in configurations.
  public let rawValue: String

  /// Names a format.
  public init(rawValue: String) {
    self.rawValue = rawValue
  }

  /// Reads a name.
  public init(from decoder: any Decoder) throws {
    rawValue = try decoder.singleValueContainer().decode(String.self)
  }

  /// Writes the name.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }

  /// Detected from the files.
  public static let automatic = DatasetFormat(rawValue: "automatic")
  /// The format of MNIST and Fashion-MNIST: `train-images-idx3-ubyte[.gz]` and its companions.
  public static let idx = DatasetFormat(rawValue: "idx")
  /// The binary version of CIFAR-10: `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin`.
  public static let cifar10 = DatasetFormat(rawValue: "cifar10")
  /// The binary version of CIFAR-100: `train.bin` and `test.bin`; the fine labels are used.
  public static let cifar100 = DatasetFormat(rawValue: "cifar100")
  /// A folder of image files at any depth, with subfolders for classes or without.
  public static let folder = DatasetFormat(rawValue: "folder")
  /// Tar files in the layout of WebDataset: `*.tar`, or `train/*.tar` and `val/*.tar`.
  public static let shards = DatasetFormat(rawValue: "shards")
  /// A file of decoded images of one size: `*.hvpack`.
  public static let packed = DatasetFormat(rawValue: "packed")

  /// The formats that come with the package.
  public static let builtIn: [DatasetFormat] = [.automatic, .idx, .cifar10, .cifar100, .folder, .shards, .packed]
}

/// A format of datasets of one's own, which `data.format` names.
public protocol DatasetReader: SendableMetatype {
  /// The name in configurations.
  static var name: String { get }
  /// One line for lists.
  static var summary: String { get }
  /// Whether a path holds a dataset of this format, for `automatic`; asked before the built-in formats. False by default.
  static func recognizes(_ path: String) -> Bool
  /// Opens one split of the dataset at a path.
  /// - Throws: What is wrong with it, in one paragraph; also where there is no such split.
  static func open(path: String, split: DataSplit, options: DecodingOptions) throws -> any ImageDataset
}

extension DatasetReader {
  /// Only where it is named.
  public static func recognizes(_ path: String) -> Bool { false }
}
