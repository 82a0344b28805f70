import Torch

/// Labelled images on which no accuracy can be measured, or none that means anything.
public enum EvaluationDataError: Error, Equatable, CustomStringConvertible {
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

  /// One paragraph: what is missing and what to do.
  public var description: String {
    switch self {
    case .noImages(let split):
      "There are no \(split) images with labels to evaluate on. Pass --data with labelled images in both splits."
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
    }
  }
}

extension LabelledFeatures {
  /// Throws unless guesses that are learned from these images mean something on `test`.
  func check(against test: LabelledFeatures) throws(EvaluationDataError) {
    for (split, images) in [("training", self), ("test", test)] {
      if images.count == 0 { throw .noImages(split: split) }
      if !images.features.sum().number.isFinite { throw .notFinite(split: split) }
    }
    if Set(labels).count == 1 { throw .oneClass }
  }

  /// What to know beside an accuracy on `test` that is learned from these images: classes that one of them lacks.
  ///
  /// - Parameter classNames: The names of the classes, where they have some.
  public func remarks(on test: LabelledFeatures, classNames: [String]?) -> [String] {
    let (known, tested) = (Set(labels), Set(test.labels))
    func list(_ classes: Set<Int>) -> String {
      let names = classes.sorted().prefix(5).map { label in
        classNames.flatMap { label < $0.count ? "'\($0[label])'" : nil } ?? "\(label)"
      }
      return names.joined(separator: ", ") + (classes.count > 5 ? " and \(classes.count - 5) more" : "")
    }
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
