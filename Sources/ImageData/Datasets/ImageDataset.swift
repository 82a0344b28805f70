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
  /// The stretches of images that lie behind one another in a file and read fastest in order, together all images in
  /// their order; nil where any image reads as fast as the next.
  var shards: [Range<Int>]? { get }

  /// One image, whose pixels are yet to be decoded where it is encoded. May be called from several threads at once.
  func source(at index: Int) throws(ImageError) -> any ImageSource
  /// A name that leads back to the image: its file, or its place in one (`train-images-idx3-ubyte.gz#17`).
  func name(at index: Int) -> String
}

extension ImageDataset {
  /// Any order reads well.
  public var shards: [Range<Int>]? { nil }

  /// The pixels of one image, all of them.
  public func image(at index: Int) throws(ImageError) -> Image { try source(at: index).wholeImage() }
}

/// A dataset whose images are encoded files, or parts of one, and can be had as they are.
protocol EncodedImages: ImageDataset {
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

/// How a dataset lies on disk.
public enum DatasetFormat: String, Codable, CaseIterable, Sendable {
  /// Found out from the files that are there.
  case automatic
  /// The format of MNIST and Fashion-MNIST: `train-images-idx3-ubyte[.gz]` and its companions.
  case idx
  /// The binary version of CIFAR-10: `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin`.
  case cifar10
  /// The binary version of CIFAR-100: `train.bin` and `test.bin`; the fine labels are used.
  case cifar100
  /// A folder of JPEG, PNG and WebP files, with one subfolder for each class or with none.
  case folder
  /// Tar files in the layout of WebDataset: `*.tar`, or `train/*.tar` and `val/*.tar`.
  case shards
  /// A file of decoded images of one size: `*.hvpack`.
  case packed
}
