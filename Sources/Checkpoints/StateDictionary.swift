import NeuralNetworks
import Safetensors
import Torch

/// Named tensors in order: the state of a module, an optimizer, or a whole training run.
public struct StateDictionary {
  /// Names with live values.
  public private(set) var entries: [(name: String, value: Tensor)] = []

  /// An empty dictionary.
  public init() {}

  /// The state of a module, names prefixed.
  public init(of module: some Module, prefix: String = "") {
    entries = module.namedState().map { (prefix + $0.name, $0.entry.value) }
  }

  /// Appends a tensor.
  public mutating func append(_ name: String, _ value: Tensor) {
    entries.append((name, value))
  }

  /// Writes a safetensors file with a checksum, atomically: the file that was there stays whole until the new one is.
  /// - Throws: `SafetensorsError` when the disk refuses.
  public func write(to path: String, metadata: [String: String]) throws(SafetensorsError) {
    let tensors = entries.map { name, value in
      let plain = value.detached().contiguous()
      return SafetensorsTensor(name: name, type: plain.dtype.scalarType, shape: plain.shape) { body in
        plain.withBytes(body)
      }
    }
    try Safetensors.write(tensors, metadata: metadata, isChecksummed: true, to: path)
  }
}

/// A checkpoint does not fit what it is loaded into.
public struct MismatchError: Error, CustomStringConvertible, Equatable {
  /// The file.
  public var path: String
  /// Names that the module has and the file lacks.
  public var missing: [String] = []
  /// Names that the file has and the module lacks.
  public var unexpected: [String] = []
  /// Names whose shapes differ, with both shapes.
  public var reshaped: [Difference] = []

  /// A tensor with another shape than expected.
  public struct Difference: Equatable, Sendable {
    /// Its name.
    public var name: String
    /// The shape of the module's tensor.
    public var expected: [Int]
    /// The shape of the file's tensor.
    public var found: [Int]
  }

  /// One paragraph that lists names and shapes, a few of each kind.
  public var description: String {
    var parts: [String] = []
    func list(_ names: [String]) -> String { shortened(names, to: 5) }
    if !missing.isEmpty { parts.append("it lacks \(list(missing))") }
    if !unexpected.isEmpty { parts.append("it has no place for \(list(unexpected))") }
    if !reshaped.isEmpty {
      parts.append("shapes differ: " + list(reshaped.map { "\($0.name) is \($0.found), expected \($0.expected)" }))
    }
    return "\(path) was made by another architecture: \(parts.joined(separator: "; ")). "
      + "Use the configuration that made it, or another checkpoint."
  }
}

/// A safetensors file of named tensors, opened for loading.
public struct Checkpoint {
  private let file: SafetensorsFile
  /// Where it is.
  public let path: String

  /// Opens a file, checks its structure, and its checksum where it has one.
  /// - Throws: `SafetensorsError` when it is missing or damaged.
  public init(path: String) throws(SafetensorsError) {
    self.path = path
    file = try SafetensorsFile(path: path)
    try file.verifyChecksum()
  }

  /// Text that was stored with the tensors.
  public var metadata: [String: String] { file.metadata }

  /// The names of all tensors.
  public var names: [String] { file.names }

  /// The sides of one tensor.
  /// - Throws: `SafetensorsError` when there is none of that name.
  public func shape(of name: String) throws(SafetensorsError) -> [Int] { try file.shape(of: name) }

  /// A copy of one tensor.
  public func tensor(_ name: String) throws -> Tensor {
    let entry = try file.entry(named: name)
    return try file.withBytes(of: name) { Tensor(copying: $0, shape: entry.shape, dtype: entry.type.dtype) }
  }

  /// Copies tensors into the live values of a dictionary, all or none.
  ///
  /// - Parameters:
  ///   - target: Live values by the names that the file uses.
  ///   - isIncluded: Which of the file's names must find a place; all by default.
  ///   - presentName: The name that a tensor of the file has today, for files of older versions.
  /// - Throws: `MismatchError` before anything changes when names or shapes differ.
  public func load(
    into target: StateDictionary, where isIncluded: (String) -> Bool = { _ in true },
    renaming presentName: (String) -> String = { $0 }
  ) throws {
    let stored = Dictionary(names.map { (presentName($0), $0) }, uniquingKeysWith: { first, _ in first })
    let wanted = Set(target.entries.map(\.name))
    var error = MismatchError(path: path)
    error.missing = target.entries.map(\.name).filter { stored[$0] == nil }
    error.unexpected = names.filter { isIncluded($0) && !wanted.contains(presentName($0)) }
    for (name, value) in target.entries {
      guard let own = stored[name] else { continue }
      let shape = try file.entry(named: own).shape
      if shape != value.shape { error.reshaped.append(.init(name: name, expected: value.shape, found: shape)) }
    }
    guard error == MismatchError(path: path) else { throw error }
    for (name, value) in target.entries {
      let source = try tensor(stored[name]!)
      withoutGradients { value.copyInPlace(from: source) }
    }
  }
}
