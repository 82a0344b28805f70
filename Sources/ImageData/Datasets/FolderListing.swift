import Foundation

/// The images below a folder, found without following a loop of links.
struct FolderListing {
  /// Paths relative to the folder that was listed, in the order of the folders' paths and then of the files' names.
  private(set) var images = NameTable()
  /// How many visible files are not images, by their endings.
  private(set) var ignoredFiles = 0
  /// Every folder that was read.
  private(set) var folders: [ListedFolder] = []

  private var found: [(folder: String, files: [String])] = []
  private var visited: Set<FileIdentity> = []

  /// Lists the images in `root` and its subfolders, except below the folders in `avoiding`.
  init(imagesBelow root: String, avoiding: [String] = []) throws(DatasetError) {
    for folder in avoiding {
      if let identity = FileIdentity(folder) { visited.insert(identity) }
    }
    try collect(root, folder: "")
    found.sort { $0.folder.utf8.lexicographicallyPrecedes($1.folder.utf8) }
    for (folder, files) in found {
      let prefix = folder.isEmpty ? "" : folder + "/"
      for file in files { images.append(prefix, file) }
    }
    found = []
  }

  /// - Parameter folder: The path relative to the root.
  private mutating func collect(_ path: String, folder: String) throws(DatasetError) {
    guard let identity = FileIdentity(path), visited.insert(identity).inserted else { return }
    let content = try FolderContent(of: path)
    folders.append(ListedFolder(path: folder, modified: content.modified))
    let images = content.files.filter(Self.isImage)
    ignoredFiles += content.files.count - images.count
    found.append((folder, images))
    for subfolder in content.folders {
      try collect("\(path)/\(subfolder)", folder: folder.isEmpty ? subfolder : "\(folder)/\(subfolder)")
    }
  }

  /// Whether the name ends as those of JPEG, PNG and WebP files do, in any case.
  static func isImage(_ name: String) -> Bool {
    let lowered = name.lowercased()
    return [".jpg", ".jpeg", ".png", ".webp"].contains(where: lowered.hasSuffix)
  }
}

/// A folder whose content is known from a time on.
struct ListedFolder: Equatable {
  /// Relative to the folder whose listing it belongs to.
  let path: String
  /// When a name was last added to it or removed from it before it was read, in nanoseconds since 1970.
  let modified: Int
}

/// What makes a file or folder the same one under two names.
private struct FileIdentity: Hashable {
  let device: UInt
  let number: UInt

  init?(_ path: String) {
    var information = stat()
    guard stat(path, &information) == 0 else { return nil }
    device = UInt(information.st_dev)
    number = UInt(information.st_ino)
  }
}

/// The visible files and folders directly in one folder, each sorted by the bytes of their names, links followed.
struct FolderContent {
  private(set) var files: [String] = []
  private(set) var folders: [String] = []
  /// When a name was last added or removed before the folder was read, in nanoseconds since 1970.
  private(set) var modified = 0

  /// Reads the folder at `path`.
  ///
  /// A link that leads nowhere counts as a file, so that it is met and reported.
  init(of path: String) throws(DatasetError) {
    modified = try Self.forEachEntry(of: path) { name, isFolder in
      if isFolder { folders.append(name) } else { files.append(name) }
      return true
    }
    files.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    folders.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Calls `body` with the visible entries of a folder, in any order, until it returns false.
  ///
  /// - Returns: When the folder was changed last before it was read, in nanoseconds since 1970.
  @discardableResult
  static func forEachEntry(
    of path: String, _ body: (_ name: String, _ isFolder: Bool) -> Bool
  ) throws(DatasetError) -> Int {
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
      if name.hasPrefix(".") { continue }
      let isFolder =
        switch Int(entry.pointee.d_type) {
        case Int(DT_REG): false
        case Int(DT_DIR): true
        default: FileKind.isFolder("\(path)/\(name)")
        }
      if !body(name, isFolder) { return information.st_mtim.nanoseconds }
    }
    guard errno == 0 else {
      throw DatasetError(path: path, problem: .unreadable(String(cString: strerror(errno))))
    }
    return information.st_mtim.nanoseconds
  }
}
