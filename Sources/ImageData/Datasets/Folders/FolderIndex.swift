import Foundation

/// The images of a folder, as a listing of the whole tree finds them.
///
/// Where every image is in a subfolder, the subfolders are classes.
struct FolderIndex: Equatable {
  /// The subfolders with images, in the order of their names; none where images lie in the folder itself.
  private(set) var classes: [String] = []
  /// How many images each of them holds.
  private(set) var classCounts: [Int] = []
  /// Paths relative to the folder, class by class.
  private(set) var images = NameTable()
  /// How many images lie in the folder itself.
  private(set) var looseImages = 0
  /// Subfolders without images.
  private(set) var emptyFolders: [String] = []
  /// What is not an image or cannot be read.
  private(set) var leftOut = LeftOut()
  /// Every folder of the tree.
  private var folders: [ListedFolder] = []

  /// Lists the images below `root`, or takes the listing from an index if every folder of the tree is as it was.
  init(of root: String, indexes: IndexCache) throws(DatasetError) {
    let start = IndexCache.now
    let known = indexes.load(.folder, of: root) { cursor throws(MalformedBytes) in try FolderIndex(from: &cursor) }
    if let known, known.isCurrent(in: root) {
      self = known
      return
    }
    try self.init(listing: root)
    // Permissions change without a trace in the times that an index is compared by.
    guard leftOut.unreadableFolders.isEmpty else { return }
    indexes.save(
      .folder, of: root, count: images.count, lastChange: folders.map(\.modified).max() ?? 0, start: start,
      encode(into:))
  }

  private init(listing root: String) throws(DatasetError) {
    let content = try FolderContent(of: root)
    looseImages = content.files.count(where: FolderListing.isImage)
    if looseImages > 0 { listTogether(root, content) } else { listClasses(root, content) }
    guard images.count == 0 else { return }
    if let archive = leftOut.archive { throw CompressedArchive("\(root)/\(archive)")!.error(at: root) }
    throw DatasetError(path: root, problem: .noImages(ignoredFiles: leftOut.otherFileCount))
  }

  private mutating func listTogether(_ root: String, _ content: FolderContent) {
    let listing = FolderListing(imagesBelow: root)
    images = listing.images
    leftOut = listing.leftOut
    folders = listing.folders
    var withImages: Set<Substring> = []
    for index in 0..<images.count {
      let parts = images[index].split(separator: "/", maxSplits: 1)
      if parts.count == 2 { withImages.insert(parts[0]) }
    }
    let unreadable = Set(leftOut.unreadableFolders.compactMap { $0.split(separator: "/").first })
    emptyFolders = content.folders.filter { folder in
      !content.linkedFolders.contains(folder) && !withImages.contains(folder[...]) && !unreadable.contains(folder[...])
    }
  }

  private mutating func listClasses(_ root: String, _ content: FolderContent) {
    folders.append(ListedFolder(path: "", modified: content.modified))
    leftOut.hiddenCount = content.hiddenCount
    for file in content.files { leftOut.add(file: file) }
    for name in content.folders {
      let listing = FolderListing(imagesBelow: "\(root)/\(name)", avoiding: [root])
      folders += listing.folders.map { ListedFolder(path: "\(name)/\($0.path)", modified: $0.modified) }
      leftOut.add(listing.leftOut, in: name)
      if listing.images.count > 0 {
        classes.append(name)
        classCounts.append(listing.images.count)
        for index in 0..<listing.images.count { images.append(name, "/", listing.images[index]) }
      } else if listing.leftOut.unreadableFolders.isEmpty {
        emptyFolders.append(name)
      }
    }
  }

  /// Whether no name was added to or removed from any folder of the tree since it was listed.
  private func isCurrent(in root: String) -> Bool {
    folders.allSatisfy { folder in
      var information = stat()
      return stat("\(root)/\(folder.path)", &information) == 0 && information.st_mtim.nanoseconds == folder.modified
    }
  }

  /// Reads what `encode(into:)` wrote.
  private init(from cursor: inout ByteCursor) throws(MalformedBytes) {
    for _ in 0..<(try cursor.number(UInt32.self)) {
      classes.append(try cursor.name())
      classCounts.append(try cursor.number())
    }
    for _ in 0..<(try cursor.number(UInt32.self)) {
      folders.append(ListedFolder(path: try cursor.name(), modified: try cursor.number()))
    }
    for _ in 0..<(try cursor.number(UInt32.self)) { emptyFolders.append(try cursor.name()) }
    leftOut = try LeftOut(from: &cursor)
    looseImages = try cursor.number()
    let count: Int = try cursor.number()
    images = try NameTable(count: count, from: &cursor)
    guard count > 0, classCounts.allSatisfy({ (1...count).contains($0) }), (0...count).contains(looseImages),
      classes.isEmpty || classCounts.reduce(0, +) == count
    else { throw MalformedBytes() }
  }

  private func encode(into output: inout [UInt8]) {
    output.append(number: UInt32(classes.count))
    for (name, count) in zip(classes, classCounts) {
      output.append(name: name)
      output.append(number: count)
    }
    output.append(number: UInt32(folders.count))
    for folder in folders {
      output.append(name: folder.path)
      output.append(number: folder.modified)
    }
    output.append(number: UInt32(emptyFolders.count))
    for folder in emptyFolders { output.append(name: folder) }
    leftOut.encode(into: &output)
    output.append(numbers: [looseImages, images.count])
    images.encode(into: &output)
  }
}
