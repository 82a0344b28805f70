extension Orientation {
  /// The orientation that a block of EXIF data names, which begins with the byte order; upright where it names none.
  ///
  /// Whatever contradicts itself in the block counts as upright: it is no reason to refuse the pixels.
  init(exif: UnsafeRawBufferPointer) {
    let reader = ExifReader(bytes: exif)
    self = reader.flatMap(\.orientation).flatMap(Orientation.init) ?? .upright
  }
}

/// Numbers in the TIFF structure that EXIF data have; nil instead of what lies outside.
private struct ExifReader {
  let bytes: UnsafeRawBufferPointer
  let isBigEndian: Bool

  /// The tags and types that are looked for.
  private static let orientationTag = 0x0112
  private static let short = 3
  private static let long = 4
  private static let entrySize = 12

  init?(bytes: UnsafeRawBufferPointer) {
    if bytes.starts(with: [0x49, 0x49, 0x2A, 0x00]) {
      isBigEndian = false
    } else if bytes.starts(with: [0x4D, 0x4D, 0x00, 0x2A]) {
      isBigEndian = true
    } else {
      return nil
    }
    self.bytes = bytes
  }

  /// The value of the tag `Orientation` in the first directory.
  var orientation: Int? {
    guard let directory = number(at: 4, count: 4), let entries = number(at: directory, count: 2) else { return nil }
    for index in 0..<entries {
      let entry = directory + 2 + index * Self.entrySize
      guard let tag = number(at: entry, count: 2), let type = number(at: entry + 2, count: 2) else { return nil }
      guard tag == Self.orientationTag else { continue }
      guard type == Self.short || type == Self.long, number(at: entry + 4, count: 4) == 1 else { return nil }
      return number(at: entry + 8, count: type == Self.short ? 2 : 4)
    }
    return nil
  }

  /// The unsigned number of `count` bytes at `offset`.
  private func number(at offset: Int, count: Int) -> Int? {
    guard offset >= 0, offset + count <= bytes.count else { return nil }
    let digits = bytes[offset..<offset + count]
    return isBigEndian
      ? digits.reduce(0) { $0 << 8 | Int($1) }
      : digits.reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
