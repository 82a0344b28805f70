/// The images of another dataset with other classes.
public struct RelabelledImages: ImageDataset {
  /// The dataset the images belong to.
  public let base: any ImageDataset
  /// The class of every image.
  public let labels: [Int]?
  /// What the classes are called, in the order of their numbers, where that is known.
  public let classNames: [String]?

  /// Gives every image of `base` another class.
  public init(_ base: any ImageDataset, labels: [Int], classNames: [String]?) {
    precondition(labels.count == base.count, "\(labels.count) labels for \(base.count) images")
    self.base = base
    self.labels = labels
    self.classNames = classNames
  }

  /// The number of images.
  public var count: Int { base.count }
  /// What `base` says about itself.
  public var summary: String { base.summary }
  /// What `base` says about what it left out.
  public var remarks: [String] { base.remarks }
  /// Where the images of `base` lie together.
  public var shards: [Range<Int>]? { base.shards }

  /// One image of `base`.
  public func source(at index: Int) throws(ImageError) -> any ImageSource { try base.source(at: index) }
  /// The name of one image of `base`.
  public func name(at index: Int) -> String { base.name(at: index) }
}
