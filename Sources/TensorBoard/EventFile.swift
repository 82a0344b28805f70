import AtomicFiles
import Foundation

/// A file of events that TensorBoard reads: scalars and pictures by step.
public final class EventFile {
  /// Something to show at a step.
  public enum Value {
    /// A number under a name such as `training/loss`.
    case scalar(String, Double)
    /// A picture as PNG.
    case picture(String, png: [UInt8], width: Int, height: Int)
  }

  /// Where it is.
  public let path: String
  private let descriptor: Int32

  /// Makes a file in a folder, and the folder where it is not there.
  ///
  /// - Parameters:
  ///   - folder: Files of the same training lie in one folder; each start has its own.
  ///   - step: Steps taken when it begins. What older files hold of later ones is no longer shown.
  /// - Throws: `FileError` when the disk refuses.
  public init(in folder: String, atStep step: Int) throws(FileError) {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw FileError(error, path: folder, action: .create)
    }
    let seconds = Int(Date().timeIntervalSince1970)
    // TensorBoard reads files in the order of their names.
    var number = 0
    while true {
      let path = "\(folder)/events.out.tfevents.\(seconds).\(String(format: "%04d", number)).\(getpid()).hardviews"
      let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o666)
      if descriptor >= 0 {
        (self.path, self.descriptor) = (path, descriptor)
        break
      }
      guard errno == EEXIST else { throw FileError(path: path, action: .create, code: errno) }
      number += 1
    }
    var version = ProtobufMessage()
    version.add(Field.wallTime, Date().timeIntervalSince1970)
    version.add(Field.fileVersion, "brain.Event:2".utf8)
    try append(version)
    var session = ProtobufMessage()
    session.add(Field.sessionStatus, 1)
    var start = event(atStep: step + 1)
    start.add(Field.sessionLog, session)
    try append(start)
  }

  deinit { close(descriptor) }

  /// Adds what is to be shown at a step; numbers that are NaN or infinite are kept as they are.
  /// - Throws: `FileError` when the disk refuses; no half of it stays.
  public func append(_ values: [Value], atStep step: Int) throws(FileError) {
    var summary = ProtobufMessage()
    for value in values {
      var entry = ProtobufMessage()
      switch value {
      case .scalar(let name, let number):
        entry.add(Field.tag, name.utf8)
        entry.add(Field.simpleValue, Float(number))
      case .picture(let name, let png, let width, let height):
        var image = ProtobufMessage()
        image.add(Field.imageHeight, height)
        image.add(Field.imageWidth, width)
        image.add(Field.imageColorSpace, 3)
        image.add(Field.imageContent, png)
        entry.add(Field.tag, name.utf8)
        entry.add(Field.image, image)
      }
      summary.add(Field.value, entry)
    }
    var event = event(atStep: step)
    event.add(Field.summary, summary)
    try append(event)
  }

  private func event(atStep step: Int) -> ProtobufMessage {
    var event = ProtobufMessage()
    event.add(Field.wallTime, Date().timeIntervalSince1970)
    event.add(Field.step, step)
    return event
  }

  /// A record is its length, a checksum of that, the message, and a checksum of it.
  private func append(_ message: ProtobufMessage) throws(FileError) {
    let length = withUnsafeBytes(of: UInt64(message.bytes.count).littleEndian) { Array($0) }
    var record = length
    withUnsafeBytes(of: CRC32C.masked(length).littleEndian) { record += $0 }
    record += message.bytes
    withUnsafeBytes(of: CRC32C.masked(message.bytes).littleEndian) { record += $0 }
    let end = lseek(descriptor, 0, SEEK_END)
    let count = write(descriptor, record, record.count)
    guard count == record.count else {
      // A part of the record went out: the disk is full.
      let code = count >= 0 ? ENOSPC : errno
      ftruncate(descriptor, end)
      throw FileError(path: path, action: .write, code: code)
    }
  }

  /// Numbers of fields in TensorFlow's event.proto and summary.proto.
  private enum Field {
    static let (wallTime, step, fileVersion, summary, sessionLog) = (
      UInt64(1), UInt64(2), UInt64(3), UInt64(5), UInt64(7)
    )
    static let sessionStatus = UInt64(1)
    static let value = UInt64(1)
    static let (tag, simpleValue, image) = (UInt64(1), UInt64(2), UInt64(4))
    static let (imageHeight, imageWidth, imageColorSpace, imageContent) = (UInt64(1), UInt64(2), UInt64(3), UInt64(4))
  }
}

/// The checksum of records: CRC-32 by Castagnoli's polynomial.
enum CRC32C {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82f6_3b78 : value >> 1 }
  }

  static func value(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { $0 >> 8 ^ table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] }
  }

  /// Rotated and shifted, as records keep it, so that a checksum of bytes that hold checksums stays useful.
  static func masked(_ bytes: [UInt8]) -> UInt32 {
    let value = value(bytes)
    return (value >> 15 | value << 17) &+ 0xa282_ead8
  }
}
