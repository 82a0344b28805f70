/// A dataset that could not be opened: which file or folder, and why.
public struct DatasetError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The problem with the file or folder.
  public enum Problem: Equatable, Sendable {
    /// Nothing lies at the path.
    case missing
    /// The path leads to a folder where a file is wanted, or the other way round.
    case wrongKind(expected: String)
    /// The operating system or zlib refused to read it; their own words.
    case unreadable(String)
    /// Files that belong to the dataset are not in the folder.
    case missingFiles([String], of: String)
    /// There is no such split; the names that would have been taken for it.
    case noSplit(DataSplit, lookedFor: [String])
    /// The file is of another format than its name or place promises.
    case wrongContent(expected: String, found: String)
    /// The file ends before what its header announces, in bytes after decompression.
    case truncated(expected: Int, found: Int)
    /// The file goes on after what its header announces, in bytes after decompression.
    case trailingBytes(expected: Int)
    /// Images and labels do not pair up.
    case countMismatch(images: Int, labels: Int, labelsPath: String)
    /// A label that the format does not have.
    case labelOutOfRange(label: Int, record: Int, classes: Int)
    /// A tar file cannot be read on from a byte, which so many whole samples precede.
    case damagedShard(offset: Int, samplesBefore: Int, reason: String)
    /// Members of a tar file that would have the same place in the sample of a key; their paths.
    case collidingMembers([String], key: String)
    /// There are no images in it.
    case noImages(ignoredFiles: Int)
    /// Several reasonable readings, or one that is not supported; what to do.
    case unsupported(String)
  }

  /// The file or folder.
  public let path: String
  /// The problem.
  public let problem: Problem

  /// Creates the error for the file or folder at `path`.
  public init(path: String, problem: Problem) {
    self.path = path
    self.problem = problem
  }

  /// The whole message: what is wrong, where, and what to do.
  public var description: String { "Cannot open the dataset '\(path)': \(explanation)." }

  private var explanation: String {
    switch problem {
    case .missing:
      return "nothing is there; check the path, which is relative to the folder the program was started in"
    case .wrongKind(let expected):
      return "it is not \(expected); check the path and the format that was asked for"
    case .unreadable(let reason):
      return "it could not be read (\(reason)); check its permissions, or fetch it again"
    case .missingFiles(let names, let dataset):
      return "\(dataset) should hold \(Self.list(names, with: "and")), which is not there; fetch the dataset again, "
        + "or choose another format"
    case .noSplit(let split, let names):
      return "it has no \(split.rawValue) split; looked for \(Self.list(names, with: "or")); add it, "
        + "or name the dataset that holds it"
    case .wrongContent(let expected, let found):
      return "expected \(expected), found \(found); check that the file is what its name says, or fetch it again"
    case .truncated(let expected, let found):
      return "the file is cut short: \(expected) bytes are announced and \(found) are there; fetch it again"
    case .trailingBytes(let expected):
      return "the file goes on after the \(expected) bytes that its header announces; it is damaged or of another "
        + "format, so fetch it again"
    case .countMismatch(let images, let labels, let labelsPath):
      return "it holds \(images) images, but '\(labelsPath)' holds \(labels) labels; "
        + "take both files from the same dataset"
    case .labelOutOfRange(let label, let record, let classes):
      return "record \(record) has the label \(label), but labels go from 0 to \(classes - 1); the file is damaged "
        + "or of another format, so fetch it again"
    case .damagedShard(let offset, let samples, let reason):
      return
        "the shard is damaged or cut short at byte \(offset), after \(samples) whole samples (\(reason)); fetch "
        + "it again, or move it out of the folder"
    case .collidingMembers(let paths, let key):
      return
        "its members \(quoted(paths)) share the key '\(key)', so that one sample would hold them all and use a single "
        + "one; rename them, or, where their names have several dots, set data.key_at to last_dot"
    case .noImages(let ignored):
      let others = ignored == 0 ? "" : " (\(ignored) other files are left out)"
      return "there are no images in it\(others); images are files that end in \(ImageFormats.listOfEndings)"
    case .unsupported(let advice):
      return advice
    }
  }

  private static func list(_ names: [String], with word: String) -> String {
    let quoted = names.map { "'\($0)'" }
    guard quoted.count > 1 else { return quoted.first ?? "nothing" }
    return quoted.dropLast().joined(separator: ", ") + " \(word) " + quoted.last!
  }
}
