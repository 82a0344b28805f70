/// Which images of a batch have their views selected, where that is a share of them.
public enum FavoredImages: String, Codable, Sendable, CaseIterable {
  /// Any of them.
  case any
  /// Those whose losses were low so far, compared with others of their batches.
  case easiest
  /// Those whose losses were high so far.
  case hardest
}
