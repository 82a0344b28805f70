import Foundation

/// The images below a folder, found without following a loop of links.
///
/// A folder that links lead to is listed once, under its own name where that lies below the root.
struct FolderListing {
  /// Paths relative to the folder that was listed, in the order of the folders' paths and then of the files' names.
  private(set) var images = NameTable()
  /// What is not an image or cannot be read.
  private(set) var leftOut = LeftOut()
  /// Every folder that was read.
  private(set) var folders: [ListedFolder] = []

  private var found: [(folder: String, files: [String])] = []
  private var visited: Set<FileIdentity> = []
  private var links: [String] = []

  /// Lists the images in `root` and its subfolders, except below the folders in `avoiding`.
  init(imagesBelow root: String, avoiding: [String] = []) {
    for folder in avoiding {
      if let identity = FileIdentity(folder) { visited.insert(identity) }
    }
    collect(root, folder: "")
    while !links.isEmpty {
      let folder = links.removeFirst()
      collect("\(root)/\(folder)", folder: folder)
    }
    found.sort { $0.folder.utf8.lexicographicallyPrecedes($1.folder.utf8) }
    for (folder, files) in found {
      let prefix = folder.isEmpty ? "" : folder + "/"
      for file in files { images.append(prefix, file) }
    }
    found = []
    visited = []
  }

  /// Lists a folder and those in it; linked ones are kept for later.
  /// - Parameter folder: The path relative to the root.
  private mutating func collect(_ path: String, folder: String) {
    guard let identity = FileIdentity(path), visited.insert(identity).inserted else { return }
    guard let content = try? FolderContent(of: path) else {
      leftOut.unreadableFolders.append(folder)
      return
    }
    folders.append(ListedFolder(path: folder, modified: content.modified))
    leftOut.hiddenCount += content.hiddenCount
    let prefix = folder.isEmpty ? "" : folder + "/"
    var images: [String] = []
    for file in content.files {
      if Self.isImage(file) { images.append(file) } else { leftOut.add(file: prefix + file) }
    }
    found.append((folder, images))
    for subfolder in content.folders {
      if content.linkedFolders.contains(subfolder) {
        links.append(prefix + subfolder)
      } else {
        collect("\(path)/\(subfolder)", folder: prefix + subfolder)
      }
    }
  }

  /// Whether the name ends as those of image files do, in any case.
  static func isImage(_ name: String) -> Bool { ImageFormats.endings.contains(fileEnding(of: name)) }
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
