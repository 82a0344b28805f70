import Objectives
import Optimization
import Torch
import Views

/// The context of a selection besides scores.
public struct SelectionContext: Sendable {
  /// The choices.
  public var space: CandidateSpace
  /// Identifies the batch; random choices are a function of it.
  public var draw: BatchDraw
  /// Where training is.
  public var position: TrainingProgress
  /// The crop of every view, `[view][image]`; nil when it is unknown.
  public var boxes: [[CropBox]]?

  /// Puts together what selectors know.
  public init(
    space: CandidateSpace, draw: BatchDraw, position: TrainingProgress, boxes: [[CropBox]]? = nil
  ) {
    self.space = space
    self.draw = draw
    self.position = position
    self.boxes = boxes
  }
}

/// Turns scores into one choice for every image.
///
/// Knows no method.
public protocol ViewSelector: Sendable {
  /// Whether `choose` needs scores; if not, no scoring pass is made.
  var needsScores: Bool { get }
  /// Whether `choose` needs the crops of views.
  var needsBoxes: Bool { get }

  /// For each image the view of every slot, as numbers in the pool: `[slots, batch]`.
  /// - Parameter scores: Higher is harder; nil when `needsScores` is false.
  func choose(_ scores: ViewScores?, in context: SelectionContext) -> Tensor
}

extension ViewSelector {
  /// True: most selectors rank.
  public var needsScores: Bool { true }
  /// False: most selectors need scores alone.
  public var needsBoxes: Bool { false }
}

func required(_ scores: ViewScores?) -> ViewScores {
  guard let scores else { preconditionFailure("this selector ranks by scores, and none were given") }
  return scores
}

func required(_ boxes: [[CropBox]]?) -> [[CropBox]] {
  guard let boxes else { preconditionFailure("this selector looks at crops, and the pool has none") }
  return boxes
}
