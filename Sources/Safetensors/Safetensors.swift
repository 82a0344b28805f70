import AtomicFiles

/// A tensor to be written: what it is called, what it holds, and how to get at its bytes.
public struct SafetensorsTensor {
  /// The tensor's name, unique in the file.
  public var name: String
  /// The type of its elements.
  public var type: ScalarType
  /// Its sides, outermost first; empty for a scalar.
  public var shape: [Int]
  /// Calls its argument with the elements in row-major order, little-endian, all at once or piece after piece.
  public var withBytes: ((UnsafeRawBufferPointer) -> Void) -> Void

  /// A tensor whose bytes are asked for when it is written.
  public init(
    name: String, type: ScalarType, shape: [Int], withBytes: @escaping ((UnsafeRawBufferPointer) -> Void) -> Void
  ) {
    self.name = name
    self.type = type
    self.shape = shape
    self.withBytes = withBytes
  }
}

/// Writes safetensors files.
public enum Safetensors {
  /// Writes tensors to a file, one after the other, so that memory for a second copy of them is never needed.
  ///
  /// Tensors of larger elements come first, otherwise in the order given; with that every tensor is aligned to its
  /// elements. The file that was at `path` stays whole until the new one is on the disk.
  /// - Parameter isChecksummed: Whether the metadata get a checksum of the whole file under `checksum`, which
  ///   `SafetensorsFile.verifyChecksum` compares.
  /// - Throws: `SafetensorsError` when a name is used twice, a tensor has another number of bytes than its type and
  ///   shape ask for, or the disk refuses. Then `path` is as it was.
  public static func write(
    _ tensors: [SafetensorsTensor], metadata: [String: String] = [:], isChecksummed: Bool = false, to path: String
  ) throws(SafetensorsError) {
    let sorted = tensors.enumerated().sorted {
      ($1.element.type.byteCount, $0.offset) < ($0.element.type.byteCount, $1.offset)
    }.map(\.element)
    let entries = try layOut(sorted, path: path)
    var metadata = metadata
    if isChecksummed { metadata[Checksum.key] = Checksum.blank }
    let header = Header.text(entries: entries, metadata: metadata)
    guard header.count <= Header.longest else {
      throw SafetensorsError(path: path, problem: .headerTooLong(UInt64(header.count), limit: Header.longest))
    }

    try AtomicFile.write(to: path) { output throws(SafetensorsError) in
      var checksum = Checksum()
      func write(_ bytes: UnsafeRawBufferPointer) {
        if isChecksummed { checksum.add(bytes) }
        output.write(bytes)
      }
      withUnsafeBytes(of: UInt64(header.count).littleEndian) { write($0) }
      header.withUnsafeBytes { write($0) }
      for (tensor, entry) in zip(sorted, entries) {
        var byteCount = 0
        tensor.withBytes { bytes in
          byteCount += bytes.count
          write(bytes)
        }
        guard byteCount == entry.bytes.count else {
          throw SafetensorsError(
            path: path, tensor: tensor.name, problem: .wrongByteCount(byteCount, expected: entry.bytes.count))
        }
      }
      if isChecksummed, let place = header.withUnsafeBytes({ Checksum.digits(in: $0) }) {
        Array(checksum.digits.utf8).withUnsafeBytes { output.replace(at: 8 + place.lowerBound, with: $0) }
      }
    } orThrow: {
      SafetensorsError(path: path, problem: .file($0))
    }
  }

  /// Gives every tensor its place, one after the other.
  private static func layOut(_ tensors: [SafetensorsTensor], path: String) throws(SafetensorsError) -> [TensorEntry] {
    var entries: [TensorEntry] = []
    var names = Set<String>()
    var end = 0
    for tensor in tensors {
      func error(_ problem: SafetensorsError.Problem) -> SafetensorsError {
        SafetensorsError(path: path, tensor: tensor.name, problem: problem)
      }
      guard names.insert(tensor.name).inserted else { throw error(.duplicateName) }
      guard !Header.isReserved(tensor.name) else { throw error(.reservedName) }
      guard tensor.shape.allSatisfy({ $0 >= 0 }), let byteCount = tensor.type.byteCount(of: tensor.shape),
        case let (next, overflow) = end.addingReportingOverflow(byteCount), !overflow
      else { throw error(.shapeTooLarge(tensor.shape)) }
      entries.append(TensorEntry(name: tensor.name, type: tensor.type, shape: tensor.shape, bytes: end..<next))
      end = next
    }
    return entries
  }
}
