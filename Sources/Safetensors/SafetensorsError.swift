import AtomicFiles

/// A safetensors file that cannot be read or written.
public struct SafetensorsError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The problem.
  public enum Problem: Equatable, Sendable {
    /// The file system refused.
    case file(FileError)
    /// The file is too short to hold the length of a header.
    case tooShort(byteCount: Int)
    /// The header would reach beyond the file, or is longer than the format allows.
    case headerTooLong(UInt64, limit: Int)
    /// The header is not what the format asks for.
    case malformedHeader(String)
    /// Two tensors have the same name.
    case duplicateName
    /// The name is the format's own and no tensor may have it.
    case reservedName
    /// The elements are of a type that is not supported.
    case unknownType(String)
    /// A side is negative or the product of the sides is too large to count.
    case shapeTooLarge([Int])
    /// The tensor has more or fewer bytes than its type and shape ask for.
    case wrongByteCount(Int, expected: Int)
    /// The tensor's bytes lie outside the file.
    case outOfRange(begin: Int, end: Int, limit: Int)
    /// The tensor's bytes overlap another's, or bytes before it belong to no tensor.
    case misplaced(begin: Int, expected: Int)
    /// Bytes after the last tensor belong to none.
    case trailingBytes(Int)
    /// The file has no tensor of that name.
    case noSuchTensor(known: [String])
    /// The bytes are not those that the checksum in the metadata was computed of.
    case wrongChecksum(stored: String)
    /// The tensor's elements are not integers.
    case notIntegers(ScalarType)
  }

  /// The file.
  public var path: String
  /// The tensor that is at fault, when it is one.
  public var tensor: String?
  /// The problem.
  public var problem: Problem

  /// An error about a file or one of its tensors.
  public init(path: String, tensor: String? = nil, problem: Problem) {
    self.path = path
    self.tensor = tensor
    self.problem = problem
  }

  /// One paragraph: the file, the tensor, what is wrong, and what to do.
  public var description: String {
    if case .file(let error) = problem { return error.description }
    let place = tensor.map { "\(path), tensor \"\($0)\": " } ?? "\(path): "
    return place + reason
  }

  private var reason: String {
    let damaged = "The file is damaged or was not written completely; write or fetch it again."
    switch problem {
    case .file(let error): return error.description
    case .tooShort(let count):
      return "not a safetensors file: it has only \(count) bytes. \(damaged)"
    case .headerTooLong(let count, let limit):
      return
        "not a safetensors file: its header would have \(count) bytes where at most \(limit) are possible. \(damaged)"
    case .malformedHeader(let reason):
      return "not a safetensors file: its header is malformed: \(reason). \(damaged)"
    case .duplicateName:
      return "the name is used more than once. Give every tensor a name of its own."
    case .reservedName:
      return "the format keeps this name for itself. Give the tensor another."
    case .unknownType(let type):
      let known = ScalarType.allCases.map(\.rawValue).joined(separator: ", ")
      return "elements of type \(type) are not supported. Convert them to one of \(known)."
    case .shapeTooLarge(let shape):
      return "the shape \(shape) is negative or has more elements than can be counted. \(damaged)"
    case .wrongByteCount(let count, let expected):
      return "has \(count) bytes where its type and shape ask for \(expected). \(damaged)"
    case .outOfRange(let begin, let end, let limit):
      return "its bytes \(begin) to \(end) are outside the file's \(limit) bytes of data. \(damaged)"
    case .misplaced(let begin, let expected):
      return "its bytes begin at \(begin) where \(expected) is expected, so tensors overlap or leave a gap. \(damaged)"
    case .trailingBytes(let count):
      return "\(count) bytes after the last tensor belong to none. \(damaged)"
    case .noSuchTensor(let known):
      let listed = known.prefix(5).joined(separator: ", ")
      let rest = known.count > 5 ? ", and \(known.count - 5) more" : ""
      return known.isEmpty ? "not in the file, which has no tensors." : "not in the file, which has \(listed)\(rest)."
    case .wrongChecksum(let stored):
      return
        "its content does not match its checksum (\(stored)), so it was changed or damaged after it was written. Use a "
        + "copy that is whole, or an earlier checkpoint; where another program saved it again on purpose, let that "
        + "program leave out the entry \"checksum\" of the metadata."
    case .notIntegers(let type):
      return "has elements of type \(type.rawValue), not integers."
    }
  }
}
