import ImageData
import Views

/// Labelled images divided into those that protocols learn from and those that they are measured on.
///
/// Which images go where depends on their labels, their order and the seed alone, never on the encoder or on images that
/// cannot be read.
public struct LabelledDivision: Sendable {
  /// The images to learn from.
  public var train: any ImageDataset
  /// The images to measure on, or those of `train` where each image is measured against all others.
  ///
  /// Their classes have the numbers of `train`.
  public var test: any ImageDataset
  /// How the images were divided.
  public var origin: Origin

  /// How labelled images were divided, as records hold it.
  public struct Origin: Codable, Sendable, Equatable {
    /// The kind of a division.
    public enum Kind: String, Codable, Sendable {
      /// The dataset's own test split.
      case testSplit = "test split"
      /// A part of every class was held out.
      case heldOut = "held out"
      /// Two datasets.
      case twoSets = "two sets"
      /// Each image is measured against all others.
      case leaveOneOut = "leave one out"
    }

    /// The kind.
    public var kind: Kind
    /// The share that was held out of every class.
    public var heldOutShare: Double?
    /// Decides which images were held out.
    public var seed: UInt64?
    /// How many test images were left out because no training image is of their class.
    public var ignoredImages: Int

    /// Describes a division.
    public init(kind: Kind, heldOutShare: Double? = nil, seed: UInt64? = nil, ignoredImages: Int = 0) {
      self.kind = kind
      self.heldOutShare = heldOutShare
      self.seed = seed
      self.ignoredImages = ignoredImages
    }
  }

  /// What to do with test images of classes that the training images lack.
  public enum UnknownClasses: Sendable {
    /// They are an error.
    case refused
    /// They are left out and counted.
    case ignored
  }

  /// Holds out a share of every class, rounded to whole images, at least one, and never all.
  /// - Throws: `MissingLabelsError`; `DivisionError` where a class has a single image, or there is one class only.
  public init(_ images: any ImageDataset, holdingOut share: Double, seed: UInt64) throws {
    precondition(0 < share && share < 1, "the share held out must be between 0 and 1, not \(share)")
    let labels = try Self.labels(of: images)
    let classes = Dictionary(grouping: labels.indices) { labels[$0] }
    let single = classes.filter { $0.value.count == 1 }.keys.sorted()
    guard single.isEmpty else {
      throw DivisionError.singleImages(classes: single.map { Self.name(of: $0, in: images) })
    }
    var heldOut: Set<Int> = []
    for (label, members) in classes {
      var random = ViewRandom(seed: seed, epoch: 0, sample: label, view: 0, stream: RandomStream.split)
      let count = min(members.count - 1, max(1, Int((share * Double(members.count)).rounded())))
      heldOut.formUnion(random.permutation(of: members.count).prefix(count).map { members[$0] })
    }
    train = Subset(images, indices: labels.indices.filter { !heldOut.contains($0) })
    test = Subset(images, indices: heldOut.sorted())
    origin = Origin(kind: .heldOut, heldOutShare: share, seed: seed)
  }

  /// Each image is measured against all others.
  /// - Throws: `MissingLabelsError`; `DivisionError` where there is one class only.
  public init(leavingOneOutOf images: any ImageDataset) throws {
    _ = try Self.labels(of: images)
    train = images
    test = images
    origin = Origin(kind: .leaveOneOut)
  }

  /// Two sets of images.
  ///
  /// - Parameters:
  ///   - kind: Whether both are splits of one dataset.
  ///   - unknownClasses: What to do with test images of classes that `train` lacks.
  /// - Throws: `MissingLabelsError`; `DivisionError` where classes are refused, none is in both, or there is one only.
  public init(
    train: any ImageDataset, test: any ImageDataset, kind: Origin.Kind, unknownClasses: UnknownClasses = .refused
  ) throws {
    let known = Set(try Self.labels(of: train))
    guard let testLabels = test.labels else { throw MissingLabelsError(data: test.summary) }
    let (labels, names) = Self.matched(testLabels, of: test, to: train)
    let unknown = labels.indices.filter { !known.contains(labels[$0]) }
    let relabelled = RelabelledImages(test, labels: labels, classNames: names)
    if !unknown.isEmpty {
      let classes = Set(unknown.map { labels[$0] }).sorted().map { Self.name(of: $0, in: relabelled) }
      guard unknown.count < labels.count else {
        throw DivisionError.nothingInCommon(
          train: known.sorted().map { Self.name(of: $0, in: train) }, test: classes)
      }
      guard unknownClasses == .ignored else {
        throw DivisionError.unknownClasses(classes, images: unknown.count, of: labels.count)
      }
    }
    self.train = train
    self.test =
      unknown.isEmpty
      ? relabelled : Subset(relabelled, indices: labels.indices.filter { known.contains(labels[$0]) })
    origin = Origin(kind: kind, ignoredImages: unknown.count)
  }

  /// The labels of images of two classes at least.
  private static func labels(of images: any ImageDataset) throws -> [Int] {
    guard let labels = images.labels else { throw MissingLabelsError(data: images.summary) }
    let classes = Set(labels)
    if classes.count == 1 { throw DivisionError.oneClass(name(of: labels[0], in: images)) }
    return labels
  }

  /// The labels of test images in the numbers of the training images: by name where both have names.
  private static func matched(
    _ labels: [Int], of test: any ImageDataset, to train: any ImageDataset
  ) -> (labels: [Int], names: [String]?) {
    // Where the names are the same, so are the numbers, even if two classes share a name.
    guard let trainNames = train.classNames, let testNames = test.classNames, testNames != trainNames else {
      return (labels, train.classNames ?? test.classNames)
    }
    var names = trainNames
    let numbers = testNames.map { name in
      if let number = names.firstIndex(of: name) { return number }
      names.append(name)
      return names.count - 1
    }
    return (labels.map { numbers[$0] }, names)
  }

  private static func name(of label: Int, in images: any ImageDataset) -> String {
    className(of: label, among: images.classNames)
  }
}

/// Labelled images that cannot be divided.
public enum DivisionError: Error, Equatable, CustomStringConvertible {
  /// All images are of one class.
  case oneClass(String)
  /// Classes with one image, which cannot be in both parts.
  case singleImages(classes: [String])
  /// Test images of classes that the training images lack.
  case unknownClasses([String], images: Int, of: Int)
  /// No class is in both sets.
  case nothingInCommon(train: [String], test: [String])
  /// One paragraph: what is missing and what to do.
  public var description: String {
    switch self {
    case .oneClass(let name):
      "All labelled images are of one class (\(name)), so every guess would be right. Pass --data with images of several "
        + "classes."
    case .singleImages(let classes):
      "These images cannot be divided: each class needs two images, one to learn from and one to measure on, and there is "
        + "a single one of \(listed(classes)). Add images, or leave these classes out."
    case .unknownClasses(let classes, let images, let total):
      "\(images) of \(total) test images are of classes that the training images lack: \(listed(classes)). Add training "
        + "images of them, or leave these test images out with --ignore-unknown-classes."
    case .nothingInCommon(let train, let test):
      "No class of the test images (\(listed(test))) is among those of the training images (\(listed(train))). Name the "
        + "classes of both sets alike."
    }
  }
}
