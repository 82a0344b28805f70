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
  /// What lies beside the shards and is not read, a sentence each.
  let remarks: [String]

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
      remarks = []
      return
    }
    folder = try SplitFolders.root(of: split, in: path)
    let content = try FolderContent(of: folder)
    files = content.files.filter(Self.isShard)
    indexedPath = folder
    var leftOut = LeftOut()
    leftOut.hiddenCount = content.hiddenCount
    for file in content.files where !Self.isShard(file) && file != Self.classesFile { leftOut.add(file: file) }
    guard !files.isEmpty else {
      if let archive = leftOut.archive { throw CompressedArchive("\(folder)/\(archive)")!.error(at: folder) }
      throw DatasetError(path: folder, problem: .missingFiles(["*.tar"], of: "a dataset of tar shards"))
    }
    var remarks = leftOut.remarks(in: folder)
    if !content.folders.isEmpty {
      remarks.append("Shards in subfolders are not read: \(quoted(content.folders)) left out.")
    }
    self.remarks = remarks + SplitFolders.remarks(on: path)
  }

  /// The file that names the classes.
  private static let classesFile = "classes.txt"

  /// Whether the name ends as a tar file's.
  static func isShard(_ name: String) -> Bool { name.lowercased().hasSuffix(".tar") }

  /// Whether the folder, or the folder `train` in it, holds tar files and neither images nor other folders.
  static func isRecognized(folder: String) throws(DatasetError) -> Bool {
    var hasShards = false
    let root = SplitFolders.trainFolder(in: folder) ?? folder
    try FolderContent.forEachEntry(of: root) { entry in
      if entry.isHidden { return true }
      if entry.isFolder || FolderListing.isImage(entry.name) {
        hasShards = false
        return false
      }
      hasShards = hasShards || isShard(entry.name)
      return true
    }
    return hasShards
  }

  /// The lines of `classes.txt` in the folder of the shards or the one that was named.
  func classNames() throws(DatasetError) -> [String]? {
    guard let file = [folder, path].map({ "\($0)/\(Self.classesFile)" }).first(where: FileKind.isFile)
    else { return nil }
    guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
      throw DatasetError(
        path: file, problem: .wrongContent(expected: "the names of classes, one a line", found: "no UTF-8 text"))
    }
    var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }
}
