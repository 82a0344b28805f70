import Foundation

/// Where the shards of a dataset are.
struct ShardPlace {
  /// What the user named: a folder or one shard.
  let path: String
  /// The folder of the split's shards.
  let folder: String
  /// The names of the shards in `folder`.
  let files: [String]
  /// The shard that was named, or `folder`: what an index is kept of.
  let indexedPath: String

  /// Finds the shards of one split.
  ///
  /// One shard alone is a training split.
  init(path: String, split: DataSplit) throws(DatasetError) {
    self.path = path
    if try FileKind(path: path) == .file {
      guard split == .train else {
        throw DatasetError(path: path, problem: .noSplit(split, lookedFor: ["a folder 'test' or 'val'"]))
      }
      let slash = path.lastIndex(of: "/")
      folder = slash.map { $0 == path.startIndex ? "" : String(path[..<$0]) } ?? "."
      files = [slash.map { String(path[path.index(after: $0)...]) } ?? path]
      indexedPath = path
      return
    }
    folder = try SplitFolders.root(of: split, in: path)
    let content = try FolderContent(of: folder)
    files = content.files.filter(Self.isShard)
    indexedPath = folder
    guard !files.isEmpty else {
      throw DatasetError(path: folder, problem: .missingFiles(["*.tar"], of: "a dataset of tar shards"))
    }
  }

  /// Whether the name ends as a tar file's.
  static func isShard(_ name: String) -> Bool { name.lowercased().hasSuffix(".tar") }

  /// Whether the folder, or the folder `train` in it, holds tar files and neither images nor other folders.
  static func isRecognized(folder: String) throws(DatasetError) -> Bool {
    var hasShards = false
    let root = SplitFolders.trainFolder(in: folder) ?? folder
    try FolderContent.forEachEntry(of: root) { name, isFolder in
      if isFolder || FolderListing.isImage(name) {
        hasShards = false
        return false
      }
      hasShards = hasShards || isShard(name)
      return true
    }
    return hasShards
  }

  /// The lines of `classes.txt` in the folder of the shards or the one that was named.
  func classNames() throws(DatasetError) -> [String]? {
    guard let file = ["\(folder)/classes.txt", "\(path)/classes.txt"].first(where: FileKind.isFile) else { return nil }
    guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
      throw DatasetError(
        path: file, problem: .wrongContent(expected: "the names of classes, one a line", found: "no UTF-8 text"))
    }
    var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }
}
