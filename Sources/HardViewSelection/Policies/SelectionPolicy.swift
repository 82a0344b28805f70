/// How the trained views are chosen among those drawn: the name of a built-in policy or of a selector of one's own.
public struct SelectionPolicy: RawRepresentable, Codable, Sendable, Hashable {
  /// The name in configurations.
  public let rawValue: String

  /// Names a policy.
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

  /// The choice with the highest loss: hard-view pretraining.
  public static let hardest = SelectionPolicy(rawValue: "hardest")
  /// The choice with the lowest loss.
  public static let easiest = SelectionPolicy(rawValue: "easiest")
  /// A random choice among all drawn views.
  public static let random = SelectionPolicy(rawValue: "random")
  /// The hardest choice that contains the first view.
  public static let anchor = SelectionPolicy(rawValue: "anchor")
  /// A random one of the hardest choices.
  public static let amongHardest = SelectionPolicy(rawValue: "among_hardest")
  /// The choice at a quantile of the losses.
  public static let quantile = SelectionPolicy(rawValue: "quantile")
  /// A draw by softmax of the losses.
  public static let softmax = SelectionPolicy(rawValue: "softmax")
  /// The choice whose crops overlap least.
  public static let leastOverlap = SelectionPolicy(rawValue: "least_overlap")
  /// A random choice whose crops overlap less than a threshold.
  public static let overlapThreshold = SelectionPolicy(rawValue: "overlap_threshold")
  /// The choice whose early features are least similar.
  public static let leastSimilar = SelectionPolicy(rawValue: "least_similar")
  /// No choice: training on all drawn views at once.
  public static let all = SelectionPolicy(rawValue: "all")
  /// No choice of views, but of who is paired with whom: all are trained on, in the hardest disjoint pairs.
  public static let hardestPairs = SelectionPolicy(rawValue: "hardest_pairs")
  /// As `hardest_pairs`, but in random pairs, as a control.
  public static let randomPairs = SelectionPolicy(rawValue: "random_pairs")
  /// As many views as the loss takes and no selection pass: plain pretraining.
  public static let none = SelectionPolicy(rawValue: "none")

  /// The policies that come with the package.
  public static let builtIn: [SelectionPolicy] = [
    .hardest, .easiest, .random, .anchor, .amongHardest, .quantile, .softmax,
    .leastOverlap, .overlapThreshold, .leastSimilar, .all, .hardestPairs, .randomPairs, .none,
  ]

  /// One line for lists; empty for selectors of one's own, which have their own.
  public var summary: String {
    switch self {
    case .hardest: "the views with the highest loss: hard-view pretraining"
    case .easiest: "the views with the lowest loss, as a control"
    case .random: "random views among those drawn, as a control"
    case .anchor: "the first view and those that are hardest with it"
    case .amongHardest: "a random one of the hardest choices (among_hardest)"
    case .quantile: "the choice at a quantile of the losses, 0 the easiest, 1 the hardest (quantile)"
    case .softmax: "a draw by the softmax of the losses (temperature)"
    case .leastOverlap: "the views whose crops overlap least; runs no network"
    case .overlapThreshold: "random views whose crops overlap less than a threshold; runs no network"
    case .leastSimilar: "the views whose features after an early stage are least similar (feature_stage)"
    case .all: "all drawn views at once: the loss is the mean over all their pairs"
    case .hardestPairs:
      "all drawn views, in the disjoint pairs of the highest loss; trains on every view that is scored"
    case .randomPairs: "all drawn views, in random disjoint pairs, as a control"
    case .none: "plain pretraining: draws as many views as the loss takes"
    default: ""
    }
  }

  /// Whether it runs a network on all drawn views to choose among them.
  public var runsNetwork: Bool {
    switch self {
    case .random, .leastOverlap, .overlapThreshold, .all, .hardestPairs, .randomPairs, .none: false
    default: true
    }
  }

  /// Whether it ranks by the loss: built-in policies; selectors of one's own are taken to.
  var ranksByLoss: Bool { runsNetwork && self != .leastSimilar }

  /// Whether every drawn view is trained on.
  public var trainsOnAll: Bool { self == .all || pairsViews }

  /// Whether every drawn view is trained on, each in one pair.
  var pairsViews: Bool { self == .hardestPairs || self == .randomPairs }

  /// Whether it goes through the choices one by one.
  var listsChoices: Bool { self == .amongHardest || self == .quantile || self == .softmax }
}
