import Views

/// A folder of JPEG, PNG and WebP files, decoded when they are asked for.
///
/// Each subfolder is a class, in the order of their names, and holds its images at any depth; a folder without
/// subfolders is a dataset without labels. Hidden files and folders are ignored. The order of the images is that of
/// torchvision's `ImageFolder`.
struct ImageFolder: ImageDataset {
  let root: String
  /// Relative to `root`.
  let paths: [String]
  let labels: [Int]?
  let classNames: [String]?
  let summary: String

  private static let testFolders = ["val", "test", "validation"]

  /// Lists the images of one split.
  ///
  /// A folder `train` marks a dataset with splits; beside it, `val`, `test` or `validation` is the test split. Without
  /// one, the whole folder is the training split. The classes of the test split are numbered as the training split's.
  init(path: String, split: DataSplit) throws(DatasetError) {
    guard try FileKind(path: path) == .folder else {
      throw DatasetError(path: path, problem: .wrongKind(expected: "a folder"))
    }
    let root = try Self.root(of: split, in: path)
    let train = "\(path)/train"
    let numbering = split == .test && FileKind.isFolder(train) ? try FolderContent(of: train).folders : []
    try self.init(root: root, numbering: numbering)
  }

  private static func root(of split: DataSplit, in path: String) throws(DatasetError) -> String {
    let train = "\(path)/train"
    let test = testFolders.map { "\(path)/\($0)" }.first(where: FileKind.isFolder)
    switch split {
    case .train:
      if FileKind.isFolder(train) { return train }
      guard let test else { return path }
      throw DatasetError(
        path: path,
        problem: .unsupported(
          "it holds '\(test)' but no 'train' beside it, so it is unclear what to train on; name the folder with the "
            + "training images, or rename '\(test)' if it is a class"))
    case .test:
      guard let test else {
        throw DatasetError(path: path, problem: .noSplit(.test, lookedFor: testFolders))
      }
      return test
    }
  }

  /// Lists the images below `root`, whose classes are numbered by `numbering`, or by themselves where that is empty.
  private init(root: String, numbering: [String]) throws(DatasetError) {
    let content = try FolderContent(of: root)
    let names = numbering.isEmpty ? content.folders : numbering
    var paths: [String] = []
    var labels: [Int] = []
    var ignored = 0
    for name in content.folders {
      guard let label = names.firstIndex(of: name) else {
        throw DatasetError(
          path: root,
          problem: .unsupported(
            "it has a class '\(name)' that the folder 'train' beside it has not, so its images cannot be numbered; "
              + "name both folders' classes alike"))
      }
      let listing = try FolderListing(imagesBelow: "\(root)/\(name)", avoiding: [root])
      guard !listing.images.isEmpty else { throw DatasetError(path: root, problem: .emptyClass(name)) }
      paths += listing.images.map { "\(name)/\($0)" }
      labels += repeatElement(label, count: listing.images.count)
      ignored += listing.ignoredFiles
    }

    let loose = content.files.filter(FolderListing.isImage)
    ignored += content.files.count - loose.count
    let isLabeled = !content.folders.isEmpty
    if !isLabeled { paths = loose }
    guard !paths.isEmpty else { throw DatasetError(path: root, problem: .noImages(ignoredFiles: ignored)) }

    self.root = root
    self.paths = paths
    self.labels = isLabeled ? labels : nil
    self.classNames = isLabeled ? names : nil
    let classes = isLabeled ? "in \(content.folders.count) classes" : "without labels"
    let outside = isLabeled && !loose.isEmpty ? "; \(loose.count) images outside the class folders are ignored" : ""
    let others = ignored > 0 ? "; \(ignored) files that are not JPEG, PNG or WebP are ignored" : ""
    self.summary = "\(paths.count) image files \(classes) (folder, \(root)\(outside)\(others))"
  }

  var count: Int { paths.count }

  func source(at index: Int) throws(ImageError) -> any ImageSource {
    try EncodedImage(contentsOf: name(at: index))
  }

  func name(at index: Int) -> String { "\(root)/\(paths[index])" }
}
