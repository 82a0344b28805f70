import Views

/// Image files in a given order, wherever they lie, without classes.
public struct ImageFiles: ImageDataset {
  private let paths: [String]
  private let options: DecodingOptions

  /// Names files; nothing is read yet.
  public init(_ paths: [String], options: DecodingOptions = DecodingOptions()) {
    self.paths = paths
    self.options = options
  }

  /// The number of files.
  public var count: Int { paths.count }
  /// None.
  public var labels: [Int]? { nil }
  /// None.
  public var classNames: [String]? { nil }
  /// How many files.
  public var summary: String { quantity(count, "image file") }

  /// The file's image.
  public func source(at index: Int) throws(ImageError) -> any ImageSource {
    try EncodedImage(contentsOf: paths[index], options: options)
  }
  /// The path.
  public func name(at index: Int) -> String { paths[index] }
}
