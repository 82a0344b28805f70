/// Why a loader cannot go on.
public enum LoaderError: Error, Equatable, Sendable, CustomStringConvertible {
  /// More images failed to decode than the share that is allowed; a few of them.
  case tooManySkipped(count: Int, total: Int, maximumShare: Double, examples: [SkippedImage])
  /// Not one image of the dataset could be decoded; a few of them.
  case nothingDecodes(total: Int, examples: [SkippedImage])

  /// The whole message: what is wrong, with which images, and what to do.
  public var description: String {
    switch self {
    case .tooManySkipped(let count, let total, let maximumShare, let examples):
      "\(count) of \(total) images could not be decoded, more than the share of \(maximumShare) that may be skipped "
        + "(data.skipped_share_limit). For example \(Self.list(examples)). Repair or remove them, or allow a larger share."
    case .nothingDecodes(let total, let examples):
      "None of the \(total) images could be decoded. For example \(Self.list(examples)). "
        + "Check that the path leads to the right files."
    }
  }

  private static func list(_ examples: [SkippedImage]) -> String {
    examples.map { "'\($0.name)': \($0.reason)" }.joined(separator: "; ")
  }
}
