/// A rule by which the trained views are chosen among those drawn.
public enum SelectionPolicy: String, Codable, Sendable, CaseIterable {
  /// The choice with the highest loss: hard-view pretraining.
  case hardest
  /// The choice with the lowest loss.
  case easiest
  /// A random choice among all drawn views.
  case random
  /// The hardest choice that contains the first view.
  case anchor
  /// A random one of the hardest choices.
  case amongHardest = "among_hardest"
  /// A draw by softmax of the losses.
  case softmax
  /// The choice whose crops overlap least.
  case leastOverlap = "least_overlap"
  /// A random choice whose crops overlap less than a threshold.
  case overlapThreshold = "overlap_threshold"
  /// The choice whose early features are least similar.
  case leastSimilar = "least_similar"
  /// No choice: training on all drawn views at once.
  case all
  /// No choice of views, but of who is paired with whom: all are trained on, in the hardest disjoint pairs.
  case hardestPairs = "hardest_pairs"
  /// As `hardest_pairs`, but in random pairs, as a control.
  case randomPairs = "random_pairs"
  /// As many views as the loss takes and no selection pass: plain pretraining.
  case none

  /// One line for lists.
  public var summary: String {
    switch self {
    case .hardest: "the views with the highest loss: hard-view pretraining"
    case .easiest: "the views with the lowest loss, as a control"
    case .random: "random views among those drawn, as a control"
    case .anchor: "the first view and those that are hardest with it"
    case .amongHardest: "a random one of the hardest choices (among_hardest)"
    case .softmax: "a draw by the softmax of the losses (temperature)"
    case .leastOverlap: "the views whose crops overlap least; runs no network"
    case .overlapThreshold: "random views whose crops overlap less than a threshold; runs no network"
    case .leastSimilar: "the views whose features after an early stage are least similar (feature_stage)"
    case .all: "all drawn views at once: the loss is the mean over all their pairs"
    case .hardestPairs: "all drawn views, in the disjoint pairs of the highest loss; scores nothing in vain"
    case .randomPairs: "all drawn views, in random disjoint pairs, as a control"
    case .none: "plain pretraining: draws as many views as the loss takes"
    }
  }

  /// Whether it runs a network on all drawn views to choose among them.
  public var runsNetwork: Bool {
    switch self {
    case .hardest, .easiest, .anchor, .amongHardest, .softmax, .leastSimilar: true
    case .random, .leastOverlap, .overlapThreshold, .all, .hardestPairs, .randomPairs, .none: false
    }
  }

  /// Whether every drawn view is trained on.
  public var trainsOnAll: Bool { self == .all || pairsViews }

  /// Whether every drawn view is trained on, each in one pair.
  var pairsViews: Bool { self == .hardestPairs || self == .randomPairs }

  /// Whether it looks at the choices one by one.
  var listsChoices: Bool { self == .amongHardest || self == .softmax }
}
