import Foundation

/// One tensor to write.
public struct SafetensorsTensor {
  /// Its name, unique in the file.
  public var name: String
  /// The type of its elements.
  public var type: ScalarType
  /// Its sizes, outermost first.
  public var shape: [Int]
  /// Lends its bytes, row-major, little-endian.
  public var withBytes: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void

  /// Describes a tensor whose bytes are lent when they are written.
  public init(
    name: String, type: ScalarType, shape: [Int],
    withBytes: @escaping ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) {
    self.name = name
    self.type = type
    self.shape = shape
    self.withBytes = withBytes
  }
}

/// Writes safetensors files.
public enum Safetensors {
  /// Writes tensors in order, atomically: a file that was there stays whole until the new one is complete on disk.
  /// - Throws: `SafetensorsError` with the system's reason, a full disk for one; the unfinished file is removed.
  public static func write(
    _ tensors: [SafetensorsTensor], metadata: [String: String] = [:], to path: String
  ) throws(SafetensorsError) {
    let temporary = "\(path).\(getpid()).partial"
    do {
      let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else { throw SystemError() }
      defer { close(descriptor) }
      try write(header(of: tensors, metadata: metadata), to: descriptor)
      for tensor in tensors {
        try tensor.withBytes { try write($0, to: descriptor) }
      }
      guard fsync(descriptor) == 0, rename(temporary, path) == 0 else { throw SystemError() }
    } catch {
      unlink(temporary)
      let reason = (error as? SystemError)?.reason ?? String(describing: error)
      throw SafetensorsError(path: path, problem: .unwritable(reason))
    }
    let folder = open(URL(filePath: path).deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }

  private static func header(of tensors: [SafetensorsTensor], metadata: [String: String]) throws -> Data {
    var header: [String: Any] = metadata.isEmpty ? [:] : ["__metadata__": metadata]
    var offset = 0
    for tensor in tensors {
      precondition(header[tensor.name] == nil, "two tensors are named '\(tensor.name)'")
      let end = offset + tensor.shape.reduce(tensor.type.byteCount, *)
      header[tensor.name] = [
        "dtype": tensor.type.rawValue, "shape": tensor.shape, "data_offsets": [offset, end],
      ]
      offset = end
    }
    var json = try JSONSerialization.data(withJSONObject: header, options: [.sortedKeys, .withoutEscapingSlashes])
    while json.count % 8 != 0 { json.append(UInt8(ascii: " ")) }
    return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) } + json
  }

  private static func write(_ data: Data, to descriptor: Int32) throws {
    try data.withUnsafeBytes { try write($0, to: descriptor) }
  }

  private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0 {
        guard errno == EINTR else { throw SystemError() }
        continue
      }
      rest = rest.dropFirst(count)
    }
  }
}

/// What the last system call said.
private struct SystemError: Error {
  let reason = String(cString: strerror(errno))
}
