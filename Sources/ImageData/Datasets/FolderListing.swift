import Foundation

/// The images below a folder, found without following a loop of links.
struct FolderListing {
  /// Paths relative to the folder that was listed, in the order of the folders' paths and then of the files' names.
  private(set) var images: [String] = []
  /// How many visible files are not images, by their endings.
  private(set) var ignoredFiles = 0

  private var found: [(folder: String, path: String)] = []
  private var visited: Set<Identity> = []

  /// Lists the images in `root` and its subfolders, except below the folders in `avoiding`.
  init(imagesBelow root: String, avoiding: [String] = []) throws(DatasetError) {
    for folder in avoiding {
      if let identity = Identity(folder) { visited.insert(identity) }
    }
    try collect(root, folder: "")
    found.sort { first, second in
      first.folder == second.folder
        ? first.path.utf8.lexicographicallyPrecedes(second.path.utf8)
        : first.folder.utf8.lexicographicallyPrecedes(second.folder.utf8)
    }
    images = found.map(\.path)
  }

  private mutating func collect(_ path: String, folder: String) throws(DatasetError) {
    guard let identity = Identity(path), visited.insert(identity).inserted else { return }
    let content = try FolderContent(of: path)
    let prefix = folder.isEmpty ? "" : folder + "/"
    for file in content.files {
      if Self.isImage(file) { found.append((folder, prefix + file)) } else { ignoredFiles += 1 }
    }
    for subfolder in content.folders {
      try collect("\(path)/\(subfolder)", folder: prefix + subfolder)
    }
  }

  /// Whether the name ends as those of JPEG, PNG and WebP files do, in any case.
  static func isImage(_ name: String) -> Bool {
    let lowered = name.lowercased()
    return [".jpg", ".jpeg", ".png", ".webp"].contains(where: lowered.hasSuffix)
  }

  /// What makes a folder the same one under two names.
  private struct Identity: Hashable {
    let device: UInt
    let number: UInt

    init?(_ path: String) {
      var information = stat()
      guard stat(path, &information) == 0 else { return nil }
      device = UInt(information.st_dev)
      number = UInt(information.st_ino)
    }
  }
}

/// The visible files and folders directly in one folder, each sorted by the bytes of their names, links followed.
struct FolderContent {
  private(set) var files: [String] = []
  private(set) var folders: [String] = []

  /// Reads the folder at `path`.
  ///
  /// A link that leads nowhere counts as a file, so that it is met and reported.
  init(of path: String) throws(DatasetError) {
    guard let stream = opendir(path) else {
      throw DatasetError(path: path, problem: .unreadable(String(cString: strerror(errno))))
    }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasPrefix(".") { continue }
      switch Int(entry.pointee.d_type) {
      case Int(DT_REG): files.append(name)
      case Int(DT_DIR): folders.append(name)
      default:
        if FileKind.isFolder("\(path)/\(name)") { folders.append(name) } else { files.append(name) }
      }
    }
    files.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    folders.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
