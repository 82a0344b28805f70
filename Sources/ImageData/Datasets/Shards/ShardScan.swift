import Foundation

/// The samples of one shard, as its headers tell them.
struct ShardScan: Equatable, Sendable {
  /// The shard's file name.
  let file: String
  /// Bytes of the shard.
  let size: Int
  /// When it was changed last, in nanoseconds since 1970.
  let modified: Int
  /// The byte where each sample's image begins.
  private(set) var offsets: [Int] = []
  /// The bytes of each sample's image.
  private(set) var sizes: [Int] = []
  /// The class of each sample, −1 where none is given.
  private(set) var labels: [Int32] = []
  /// The names of the images' members.
  private(set) var names = NameTable()
  /// Samples without an image.
  private(set) var withoutImage = 0
  /// Images beside the one that is a sample's.
  private(set) var furtherImages = 0
  /// Members that are hidden or have no ending.
  private(set) var passedOver = 0

  /// The largest `.cls` or `.json` member that is looked into, in bytes.
  private static let labelLimit = 1 << 20

  /// How many samples have an image.
  var count: Int { offsets.count }

  /// Reads the headers of the shard at `folder`/`file`.
  ///
  /// Consecutive members with the same key are one sample. Its image is the one whose name is the key and an ending, or
  /// the only one there is. Folders and links are passed over.
  /// - Throws: `DatasetError` where the shard is damaged, or where two members would have the same place in a sample.
  init(folder: String, file: String, keyAt: ShardKey = .firstDot) throws(DatasetError) {
    let reader = try TarReader(path: "\(folder)/\(file)")
    self.file = file
    size = reader.size
    modified = reader.modified
    var sample = ShardSample(key: "")
    while let member = try reader.next(after: count + (sample.isEmpty ? 0 : 1)) {
      guard let name = MemberName(member.path, keyAt: keyAt) else {
        passedOver += 1
        continue
      }
      if name.key != sample.key {
        try append(sample, of: reader.path)
        sample = ShardSample(key: name.key)
      }
      sample.add(member, named: name)
      if name.ending == "cls" {
        sample.label = Self.label(ofText: try reader.data(of: member, limit: 32))
      } else if name.ending == "json", sample.label == nil {
        sample.label = Self.label(ofJSON: try reader.data(of: member, limit: Self.labelLimit))
      }
    }
    try append(sample, of: reader.path)
  }

  private mutating func append(_ sample: ShardSample, of path: String) throws(DatasetError) {
    if let problem = sample.problem { throw DatasetError(path: path, problem: problem) }
    guard let image = sample.image else {
      withoutImage += sample.isEmpty ? 0 : 1
      return
    }
    furtherImages += sample.imageCount - 1
    offsets.append(image.offset)
    sizes.append(image.size)
    labels.append(sample.label ?? -1)
    names.append(image.path)
  }

  private static func label(ofText bytes: [UInt8]) -> Int32? {
    Int32(String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
      .flatMap { $0 >= 0 ? $0 : nil }
  }

  private static func label(ofJSON bytes: [UInt8]) -> Int32? {
    struct Labelled: Decodable { var label: Int32 }
    let label = try? JSONDecoder().decode(Labelled.self, from: Data(bytes)).label
    return label.flatMap { $0 >= 0 ? $0 : nil }
  }
}

extension ShardScan {
  /// Reads what `encode(into:)` wrote.
  ///
  /// A place that is outside the shard is malformed, so that an index never leads to an impossible read.
  init(from cursor: inout ByteCursor) throws(MalformedBytes) {
    file = try cursor.name()
    size = try cursor.number()
    modified = try cursor.number()
    withoutImage = try cursor.number()
    furtherImages = try cursor.number()
    passedOver = try cursor.number()
    let count: Int = try cursor.number()
    offsets = try cursor.numbers(count)
    sizes = try cursor.numbers(count)
    labels = try cursor.numbers(count)
    names = try NameTable(count: count, from: &cursor)
    for (offset, bytes) in zip(offsets, sizes) {
      guard offset >= 0, offset <= size, bytes >= 0, bytes <= size - offset else { throw MalformedBytes() }
    }
  }

  /// Appends the scan.
  func encode(into output: inout [UInt8]) {
    output.append(name: file)
    output.append(numbers: [size, modified, withoutImage, furtherImages, passedOver, count])
    output.append(numbers: offsets)
    output.append(numbers: sizes)
    output.append(numbers: labels)
    names.encode(into: &output)
  }
}
