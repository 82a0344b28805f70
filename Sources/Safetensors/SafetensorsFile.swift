import AtomicFiles
import Foundation

/// A safetensors file, mapped into memory and checked when it is opened; values are read when they are asked for.
///
/// A malformed file is an error, never a crash: see `SafetensorsError.Problem` for everything that is checked.
public struct SafetensorsFile: Sendable {
  /// Where the file is.
  public let path: String
  /// Text that was stored beside the tensors.
  public let metadata: [String: String]
  /// The tensors, in the order of their bytes in the file.
  public let entries: [TensorEntry]
  private let data: Data
  private let bodyStart: Int
  private let indices: [String: Int]

  /// Opens a file and checks its structure.
  /// - Throws: `SafetensorsError` when it cannot be read or is malformed.
  public init(path: String) throws(SafetensorsError) {
    do {
      data = try Data(contentsOf: URL(filePath: path), options: .alwaysMapped)
    } catch {
      throw SafetensorsError(path: path, problem: .file(FileError(error, path: path, action: .read)))
    }
    guard data.count >= 8 else { throw SafetensorsError(path: path, problem: .tooShort(byteCount: data.count)) }
    let headerCount = data.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    let limit = min(data.count - 8, Header.longest)
    guard headerCount <= UInt64(limit) else {
      throw SafetensorsError(path: path, problem: .headerTooLong(headerCount, limit: limit))
    }
    bodyStart = 8 + Int(headerCount)
    let header = data.withUnsafeBytes { [bodyStart] bytes in
      Result { () throws(SafetensorsError) in
        try Header(
          UnsafeRawBufferPointer(rebasing: bytes[8..<bodyStart]), bodyCount: bytes.count - bodyStart, path: path)
      }
    }
    let (entries, metadata) = try header.map { ($0.entries, $0.metadata) }.get()
    self.path = path
    self.entries = entries
    self.metadata = metadata
    indices = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.name, $0) })
  }

  /// Reads the whole file and compares it with the checksum that it was written with; a file without one passes.
  /// - Throws: `SafetensorsError` when a byte has changed since.
  public func verifyChecksum() throws(SafetensorsError) {
    guard let stored = metadata[Checksum.key], stored.hasPrefix("crc32:") else { return }
    let digits = data.withUnsafeBytes { bytes -> String? in
      guard let place = Checksum.digits(in: UnsafeRawBufferPointer(rebasing: bytes[8..<bodyStart])) else { return nil }
      var checksum = Checksum()
      checksum.add(UnsafeRawBufferPointer(rebasing: bytes[..<(8 + place.lowerBound)]))
      Array(repeating: UInt8(ascii: "0"), count: place.count).withUnsafeBytes { checksum.add($0) }
      checksum.add(UnsafeRawBufferPointer(rebasing: bytes[(8 + place.upperBound)...]))
      return checksum.digits
    }
    guard digits == String(stored.dropFirst(6)) else {
      throw SafetensorsError(path: path, problem: .wrongChecksum(stored: stored))
    }
  }

  /// The names of the tensors, in the order of their bytes in the file.
  public var names: [String] { entries.map(\.name) }

  /// What the header says of a tensor.
  /// - Throws: `SafetensorsError` when there is no such tensor.
  public func entry(named name: String) throws(SafetensorsError) -> TensorEntry {
    guard let index = indices[name] else {
      throw SafetensorsError(path: path, tensor: name, problem: .noSuchTensor(known: names))
    }
    return entries[index]
  }

  /// The sides of a tensor, outermost first.
  /// - Throws: `SafetensorsError` when there is no such tensor.
  public func shape(of name: String) throws(SafetensorsError) -> [Int] {
    try entry(named: name).shape
  }

  /// Gives `body` a tensor's bytes: elements in row-major order, little-endian, valid during the call only.
  ///
  /// Other writers' files need not align the bytes to the size of an element.
  /// - Throws: `SafetensorsError` when there is no such tensor, and what `body` throws.
  public func withBytes<Result>(of name: String, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
    try withBytes(of: entry(named: name), body)
  }

  func withBytes<Result>(of entry: TensorEntry, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    let range = bodyStart + entry.bytes.lowerBound..<bodyStart + entry.bytes.upperBound
    return try data.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
  }
}
