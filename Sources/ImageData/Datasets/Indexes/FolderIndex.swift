import Foundation

/// The images of a folder with class subfolders, or of one without, as a listing of the whole tree finds them.
struct FolderIndex: Equatable {
  /// The subfolders, in the order of their names; none where the folder itself holds the images.
  private(set) var classes: [String] = []
  /// How many images each of them holds.
  private(set) var classCounts: [Int] = []
  /// Paths relative to the folder, class by class.
  private(set) var images = NameTable()
  /// Images beside the class subfolders, which belong to none.
  private(set) var imagesOutside = 0
  /// How many visible files are not images.
  private(set) var ignoredFiles = 0
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
    indexes.save(
      .folder, of: root, count: images.count, lastChange: folders.map(\.modified).max() ?? 0, start: start,
      encode(into:))
  }

  private init(listing root: String) throws(DatasetError) {
    let content = try FolderContent(of: root)
    folders.append(ListedFolder(path: "", modified: content.modified))
    for name in content.folders {
      let listing = try FolderListing(imagesBelow: "\(root)/\(name)", avoiding: [root])
      guard listing.images.count > 0 else { throw DatasetError(path: root, problem: .emptyClass(name)) }
      classes.append(name)
      classCounts.append(listing.images.count)
      for index in 0..<listing.images.count { images.append(name, "/", listing.images[index]) }
      folders += listing.folders.map { ListedFolder(path: "\(name)/\($0.path)", modified: $0.modified) }
      ignoredFiles += listing.ignoredFiles
    }
    let loose = content.files.filter(FolderListing.isImage)
    ignoredFiles += content.files.count - loose.count
    if classes.isEmpty {
      for name in loose { images.append(name) }
    } else {
      imagesOutside = loose.count
    }
    guard images.count > 0 else { throw DatasetError(path: root, problem: .noImages(ignoredFiles: ignoredFiles)) }
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
    imagesOutside = try cursor.number()
    ignoredFiles = try cursor.number()
    let count: Int = try cursor.number()
    images = try NameTable(count: count, from: &cursor)
    guard count > 0, classCounts.allSatisfy({ (1...count).contains($0) }),
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
    output.append(numbers: [imagesOutside, ignoredFiles, images.count])
    images.encode(into: &output)
  }
}
