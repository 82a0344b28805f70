/// Views drawn with one augmentation recipe, interchangeable to the loss.
public struct ViewGroup: Sendable, Hashable {
  /// The group's name, such as "view" or "global".
  public var name: String
  /// How many of them the loss consumes.
  public var used: Int
  /// Whether they are related to the other views but not to one another, as the small crops of DINO and iBOT.
  public var isLocal: Bool

  /// Names a group and says how many of its views the loss consumes.
  public init(_ name: String, used: Int, isLocal: Bool = false) {
    self.name = name
    self.used = used
    self.isLocal = isLocal
  }
}

/// The views that a method trains on, in the order of its slots: global views first, then local ones.
public struct ViewPlan: Sendable, Hashable {
  /// The groups, in slot order.
  public let groups: [ViewGroup]

  /// Lists the groups; those of local views come last.
  public init(_ groups: [ViewGroup]) {
    let firstLocal = groups.firstIndex { $0.isLocal } ?? groups.count
    precondition(groups[firstLocal...].allSatisfy { $0.isLocal }, "groups of local views come last")
    self.groups = groups
  }

  /// Two views of one recipe: what most methods train on.
  public static let pair = ViewPlan([ViewGroup("view", used: 2)])

  /// The number of views that the loss consumes.
  public var slotCount: Int { groups.reduce(0) { $0 + $1.used } }
  /// The number of global views that the loss consumes.
  public var globalSlotCount: Int { groups.reduce(0) { $0 + ($1.isLocal ? 0 : $1.used) } }
}
