import Torch

/// Labelled images on which no accuracy can be measured, or none that means anything.
public enum EvaluationDataError: Error, Equatable, CustomStringConvertible {
  /// A class with too few images.
  public struct ScarceClass: Equatable, Sendable {
    /// Its name, or its number.
    public var name: String
    /// How many images it has.
    public var images: Int

    /// Names a class.
    package init(name: String, images: Int) {
      self.name = name
      self.images = images
    }
  }

  /// A split has no images.
  case noImages(split: String)
  /// The training images are all of one class.
  case oneClass
  /// A feature is NaN or infinite.
  case notFinite(split: String)
  /// More neighbors are to vote than there are training images.
  case tooManyNeighbours(Int, images: Int)
  /// The share of the training images that is to be held out is less than one image.
  case nothingHeldOut(images: Int, share: Double)
  /// Classes have fewer training images than are to be drawn of each.
  case scarceClasses([ScarceClass], needed: Int)
  /// No class of the queries has an image in the gallery.
  case nothingToFind
  /// Classes are named that the images do not have.
  case noSuchClasses([String], known: [String])
  /// No images remain of a part where classes are taken out.
  case nothingRemains(String, without: [String])
  /// A protocol cannot measure each image against all others.
  case needsTestImages(protocol: String)

  /// One paragraph: what is missing and what to do.
  public var description: String {
    switch self {
    case .noImages(let split):
      "There are no \(split) images with labels to evaluate on. Pass --data with labelled images."
    case .oneClass:
      "The training images are all of one class, so every guess would be right. Pass --data with images of several "
        + "classes."
    case .notFinite(let split):
      "Features of the \(split) images are NaN or infinite, so nothing can be measured. The weights of this checkpoint "
        + "are broken; evaluate an earlier one."
    case .tooManyNeighbours(let k, let images):
      "k is \(k), but there are only \(images) training images. Choose a k of at most \(images)."
    case .nothingHeldOut(let images, let share):
      "A linear probe chooses its learning rate on \(Int((share * 100).rounded())) % of the training images, and of "
        + "\(images) that is none. Give it at least \(Int((0.5 / share).rounded(.up))) labelled images."
    case .scarceClasses(let classes, let needed):
      "\(needed) labels per class cannot be drawn: there are too few training images of "
        + "\(listed(classes.map { "\($0.name) (\($0.images))" })). Draw at most "
        + "\(classes.map(\.images).min() ?? 0) per class, or leave these classes out of the data."
    case .nothingToFind:
      "No image can be found by its class: none of the queries has another image of its class in the gallery. Pass "
        + "--data with several images of each class."
    case .noSuchClasses(let missing, let known):
      "There is no class \(listed(missing.map { "'\($0)'" })). The classes are \(listed(known))."
    case .nothingRemains(let part, let classes):
      "Taking out the classes \(listed(classes)) leaves no \(part). Name fewer classes, or others."
    case .needsTestImages(let name):
      "\(name) cannot measure each image against all others: it needs images to learn from and others to be measured on. "
        + "Leave out --leave-one-out, and a part of the images is held out."
    }
  }
}

/// Words in a list, of which at most eight are named.
func listed(_ words: [String]) -> String {
  words.prefix(8).joined(separator: ", ") + (words.count > 8 ? " and \(words.count - 8) more" : "")
}

/// The name of a class in quotation marks, or its number where classes have no names.
func className(of label: Int, among names: [String]?) -> String {
  names.flatMap { label < $0.count ? "'\($0[label])'" : nil } ?? "\(label)"
}

extension LabelledFeatures {
  /// Throws unless guesses that are learned from these images mean something on `test`.
  package func check(against test: LabelledFeatures) throws(EvaluationDataError) {
    try check(named: "training")
    try test.check(named: "test")
    if Set(labels).count == 1 { throw .oneClass }
  }

  /// Throws unless there are images, and their features are numbers.
  func check(named split: String) throws(EvaluationDataError) {
    if count == 0 { throw .noImages(split: split) }
    if !features.sum().number.isFinite { throw .notFinite(split: split) }
  }

  /// The name of a class in quotation marks, or its number where classes have no names.
  func name(ofClass label: Int) -> String { className(of: label, among: classNames) }

  /// What to know beside an accuracy on `test` that is learned from these images: classes that `test` lacks, and those
  /// that only it has.
  public func remarks(on test: LabelledFeatures) -> [String] {
    let (known, tested) = (Set(labels), Set(test.labels))
    func list(_ classes: Set<Int>) -> String { listed(classes.sorted().map(name(ofClass:))) }
    var remarks: [String] = []
    let unknown = tested.subtracting(known)
    if !unknown.isEmpty {
      let images = test.labels.count { unknown.contains($0) }
      remarks.append(
        "\(images) of \(test.count) test images can only be guessed wrong: no training image is of their class "
          + "(\(list(unknown))).")
    }
    let untested = known.subtracting(tested)
    if !untested.isEmpty { remarks.append("No test image is of the class \(list(untested)).") }
    return remarks
  }
}
