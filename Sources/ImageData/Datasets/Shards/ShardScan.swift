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

  /// The largest `.cls` or `.json` member that is looked into, in bytes.
  private static let labelLimit = 1 << 20

  /// How many samples have an image.
  var count: Int { offsets.count }

  /// Reads the headers of the shard at `folder`/`file`.
  ///
  /// Consecutive members whose paths agree up to the first dot of the last part are one sample; its image is the first
  /// member that is named as one. Members that are hidden, folders or links are passed over.
  init(folder: String, file: String) throws(DatasetError) {
    let reader = try TarReader(path: "\(folder)/\(file)")
    self.file = file
    size = reader.size
    modified = reader.modified
    var sample = Sample(key: "")
    while let member = try reader.next(after: count + (sample.image == nil ? 0 : 1)) {
      guard let name = MemberName(member.path) else { continue }
      if name.key != sample.key {
        append(sample)
        sample = Sample(key: name.key)
      }
      if name.isImage {
        sample.image = sample.image ?? member
      } else if name.ending == "cls" {
        sample.label = Self.label(ofText: try reader.data(of: member, limit: 32))
      } else if name.ending == "json", sample.label == nil {
        sample.label = Self.label(ofJSON: try reader.data(of: member, limit: Self.labelLimit))
      }
    }
    append(sample)
  }

  /// What is known of a sample before its last member is.
  private struct Sample {
    let key: Substring
    var image: TarReader.Member?
    var label: Int32?
  }

  private mutating func append(_ sample: Sample) {
    guard let image = sample.image else {
      withoutImage += sample.key.isEmpty ? 0 : 1
      return
    }
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
    output.append(numbers: [size, modified, withoutImage, count])
    output.append(numbers: offsets)
    output.append(numbers: sizes)
    output.append(numbers: labels)
    names.encode(into: &output)
  }
}

/// The name of a member of a shard, taken apart.
private struct MemberName {
  /// The path up to the first dot of its last part: what the members of one sample share.
  let key: Substring
  /// What follows the last dot, in small letters.
  let ending: String

  /// nil where the member is hidden or has no ending.
  init?(_ path: String) {
    let start = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path.utf8.index(after: $0) } ?? path.startIndex
    let base = path[start...]
    guard let dot = base.utf8.firstIndex(of: UInt8(ascii: ".")), dot > start,
      let last = base.utf8.lastIndex(of: UInt8(ascii: "."))
    else { return nil }
    key = path[..<dot]
    ending = base[base.utf8.index(after: last)...].lowercased()
  }

  var isImage: Bool { ["jpg", "jpeg", "png", "webp"].contains(ending) }
}
