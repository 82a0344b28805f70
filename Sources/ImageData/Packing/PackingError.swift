/// Why images could not be packed.
public struct PackingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The problem.
  public enum Problem: Equatable, Sendable {
    /// Something is at the place of the output already.
    case exists
    /// The output cannot be written; the system's or libarchive's words.
    case unwritable(String)
    /// Images of one size are needed, and this one has another: its size and that of the first.
    case otherSize(width: Int, height: Int, firstWidth: Int, firstHeight: Int)
    /// An image has channels that cannot become those that are wanted.
    case otherChannels(Int, wanted: Int)
    /// An image has colors where those before it have none.
    case colorAmongGray
    /// No image could be read.
    case nothingReadable
    /// An option that does not fit; what to do.
    case unsupported(String)
  }

  /// The output, or the image that is meant.
  public let path: String
  /// The problem.
  public let problem: Problem

  /// Creates the error for the file or image named `path`.
  public init(path: String, problem: Problem) {
    self.path = path
    self.problem = problem
  }

  /// The whole message: what is wrong, where, and what to do.
  public var description: String { "Cannot pack '\(path)': \(explanation)." }

  private var explanation: String {
    switch problem {
    case .exists: return "it exists already; name another output, or remove it"
    case .unwritable(let reason):
      return "it could not be written (\(reason)); check the folder and the space on its disk"
    case .otherSize(let width, let height, let firstWidth, let firstHeight):
      return
        "it has \(width)x\(height) pixels and the images before it \(firstWidth)x\(firstHeight); a packed file holds "
        + "images of one size, so give one with --resize"
    case .otherChannels(let found, let wanted):
      return
        "it has \(found) channels, which cannot become the \(wanted) of the packed file; pack images of one kind"
    case .colorAmongGray: return "it has colors and the images before it are gray; give --channels 3"
    case .nothingReadable: return "not one of the images could be read"
    case .unsupported(let advice): return advice
    }
  }
}
