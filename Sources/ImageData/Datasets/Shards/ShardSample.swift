/// Where in a member's name the key of its sample ends; what the members of one sample share.
public enum ShardKey: String, Codable, Sendable, CaseIterable {
  /// At the first dot of the last part of the path, as in WebDataset: `a/7.seg.png` belongs to `a/7`.
  case firstDot = "first_dot"
  /// At the last dot: `img.0.7.jpg` belongs to `img.0.7`.
  case lastDot = "last_dot"
}

/// The name of a member of a shard, taken apart.
struct MemberName {
  /// The path up to the first or last dot of its last part: what the members of one sample share.
  let key: Substring
  /// What follows the dot behind the key, in small letters.
  let kind: String
  /// What follows the last dot, in small letters.
  let ending: String

  /// nil where the member is hidden or has no ending.
  init?(_ path: String, keyAt: ShardKey) {
    let start = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path.utf8.index(after: $0) } ?? path.startIndex
    let base = path[start...]
    guard let first = base.utf8.firstIndex(of: UInt8(ascii: ".")), first > start,
      let last = base.utf8.lastIndex(of: UInt8(ascii: "."))
    else { return nil }
    let dot = keyAt == .firstDot ? first : last
    key = path[..<dot]
    kind = base[base.utf8.index(after: dot)...].lowercased()
    ending = last == dot ? kind : base[base.utf8.index(after: last)...].lowercased()
  }

  var isImage: Bool { ImageFormats.endings.contains(ending) }
}

/// What is known of a sample of a shard before its last member is.
struct ShardSample {
  let key: Substring
  /// The class, where a member gives it.
  var label: Int32?
  /// How many images there are.
  private(set) var imageCount = 0
  private var firstImage: TarReader.Member?
  private var plainImage: TarReader.Member?
  /// Paths of the images whose names have something between key and ending.
  private var qualifiedImages: [String] = []
  private var kinds: [(kind: String, path: String)] = []
  private var duplicates: [String] = []

  /// A sample whose members follow.
  init(key: Substring) { self.key = key }

  /// Whether it has no members.
  var isEmpty: Bool { kinds.isEmpty }

  /// Takes a member of this key.
  mutating func add(_ member: TarReader.Member, named name: MemberName) {
    if let other = kinds.first(where: { $0.kind == name.kind }) {
      if duplicates.isEmpty { duplicates.append(other.path) }
      duplicates.append(member.path)
    } else {
      kinds.append((name.kind, member.path))
    }
    guard name.isImage else { return }
    imageCount += 1
    firstImage = firstImage ?? member
    if name.kind == name.ending {
      plainImage = plainImage ?? member
    } else {
      qualifiedImages.append(member.path)
    }
  }

  /// The image whose name is the key and an ending, or the only one there is.
  var image: TarReader.Member? { plainImage ?? firstImage }

  /// Why the members cannot be one sample: two of one kind, or several images of which none is plainly the sample's.
  var problem: DatasetError.Problem? {
    if !duplicates.isEmpty { return .collidingMembers(duplicates, key: String(key)) }
    if plainImage == nil, qualifiedImages.count > 1 { return .collidingMembers(qualifiedImages, key: String(key)) }
    return nil
  }
}
