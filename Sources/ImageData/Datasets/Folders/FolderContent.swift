import Foundation

/// The visible files and folders directly in one folder, each sorted by the bytes of their names, links followed.
struct FolderContent {
  private(set) var files: [String] = []
  private(set) var folders: [String] = []
  /// Those of `folders` that are links to a folder.
  private(set) var linkedFolders: Set<String> = []
  /// How many files and folders are hidden.
  private(set) var hiddenCount = 0
  /// When a name was last added or removed before the folder was read, in nanoseconds since 1970.
  private(set) var modified = 0

  /// One name in a folder.
  struct Entry {
    let name: String
    let isFolder: Bool
    let isLink: Bool

    /// Whether the name begins with a dot.
    var isHidden: Bool { name.hasPrefix(".") }
  }

  /// Reads the folder at `path`.
  ///
  /// A link that leads nowhere counts as a file, so that it is met and reported.
  init(of path: String) throws(DatasetError) {
    modified = try Self.forEachEntry(of: path) { entry in
      if entry.isHidden {
        hiddenCount += 1
      } else if entry.isFolder {
        folders.append(entry.name)
        if entry.isLink { linkedFolders.insert(entry.name) }
      } else {
        files.append(entry.name)
      }
      return true
    }
    files.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    folders.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Calls `body` with the entries of a folder, in any order, until it returns false.
  ///
  /// - Returns: When the folder was changed last before it was read, in nanoseconds since 1970.
  @discardableResult
  static func forEachEntry(of path: String, _ body: (Entry) -> Bool) throws(DatasetError) -> Int {
    guard let stream = opendir(path) else {
      throw DatasetError(path: path, problem: .unreadable(String(cString: strerror(errno))))
    }
    defer { closedir(stream) }
    var information = stat()
    guard fstat(dirfd(stream), &information) == 0 else {
      throw DatasetError(path: path, problem: .unreadable(String(cString: strerror(errno))))
    }
    while true {
      errno = 0
      guard let entry = readdir(stream) else { break }
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name == "." || name == ".." { continue }
      let (isFolder, isLink) =
        switch Int(entry.pointee.d_type) {
        case Int(DT_REG): (false, false)
        case Int(DT_DIR): (true, false)
        default: (FileKind.isFolder("\(path)/\(name)"), true)
        }
      if !body(Entry(name: name, isFolder: isFolder, isLink: isLink)) { return information.st_mtim.nanoseconds }
    }
    guard errno == 0 else {
      throw DatasetError(path: path, problem: .unreadable(String(cString: strerror(errno))))
    }
    return information.st_mtim.nanoseconds
  }
}
