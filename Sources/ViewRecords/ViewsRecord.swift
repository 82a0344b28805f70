import Views

/// What was drawn for an image at a step, and what was chosen.
public struct ViewsRecord: Codable, Sendable, Equatable {
  /// Steps taken before this one.
  public var step: Int
  /// The epoch, from 0.
  public var epoch: Int
  /// The image's position in the dataset.
  public var image: Int
  /// The image's name.
  public var name: String
  /// The drawn parameters of each view, including views that were dropped before scoring.
  public var views: [ViewParameters]
  /// The indices of the trained views, in slot order.
  public var selected: [Int]
  /// Which of the views were scored; absent where all were, or none.
  public var scored: [Int]?
  /// The score of each choice of scored views in lexicographic order; absent when none were computed or choices are more
  /// than 64.
  public var scores: [Float]?

  /// Describes a step of an image.
  public init(
    step: Int, epoch: Int, image: Int, name: String, views: [ViewParameters], selected: [Int], scored: [Int]? = nil,
    scores: [Float]? = nil
  ) {
    self.step = step
    self.epoch = epoch
    self.image = image
    self.name = name
    self.views = views
    self.selected = selected
    self.scored = scored
    self.scores = scores
  }
}

extension ViewsRecord {
  /// The mean score of all choices; nil where there are none or one is no number.
  var meanScore: Double? {
    guard let scores, !scores.isEmpty, scores.allSatisfy(\.isFinite) else { return nil }
    return scores.reduce(0) { $0 + Double($1) } / Double(scores.count)
  }

  /// The score of the chosen pair; nil where choices are not pairs of all scored views, or it is no number.
  var selectedScore: Double? {
    let scored = scored ?? Array(views.indices)
    guard let scores, selected.count == 2, scores.count == scored.count * (scored.count - 1) / 2,
      let first = scored.firstIndex(of: selected.min()!), let second = scored.firstIndex(of: selected.max()!),
      first < second
    else { return nil }
    let score = scores[first * scored.count - first * (first + 1) / 2 + second - first - 1]
    return score.isFinite ? Double(score) : nil
  }
}
