import Views

/// A folder of JPEG, PNG and WebP files, decoded when they are asked for.
///
/// Each subfolder is a class, in the order of their names, and holds its images at any depth; a folder without
/// subfolders is a dataset without labels. Hidden files and folders are ignored. The order of the images is that of
/// torchvision's `ImageFolder`.
struct ImageFolder: ImageDataset, EncodedImages {
  let root: String
  let labels: [Int]?
  let classNames: [String]?
  let summary: String

  private let index: FolderIndex
  private let options: DecodingOptions

  /// Lists the images of one split, or finds them in an index that still holds.
  ///
  /// The splits are those of `SplitFolders`. The classes of the test split are numbered as the training split's.
  init(path: String, split: DataSplit, options: DecodingOptions, indexes: IndexCache) throws(DatasetError) {
    let root = try SplitFolders.root(of: split, in: path)
    let index = try FolderIndex(of: root, indexes: indexes)
    let train = split == .test ? SplitFolders.trainFolder(in: path) : nil
    let trained = try train.map { train throws(DatasetError) in try FolderContent(of: train).folders } ?? []
    let names = trained.isEmpty ? index.classes : trained

    var labels: [Int] = []
    labels.reserveCapacity(index.images.count)
    for (name, count) in zip(index.classes, index.classCounts) {
      guard let label = names.firstIndex(of: name) else {
        throw DatasetError(
          path: root,
          problem: .unsupported(
            "it has a class '\(name)' that the folder 'train' beside it has not, so its images cannot be numbered; "
              + "name both folders' classes alike"))
      }
      labels += repeatElement(label, count: count)
    }

    let isLabeled = !index.classes.isEmpty
    self.root = root
    self.index = index
    self.options = options
    self.labels = isLabeled ? labels : nil
    self.classNames = isLabeled ? names : nil
    let classes = isLabeled ? "in \(index.classes.count) classes" : "without labels"
    let outside =
      index.imagesOutside > 0 ? "; \(index.imagesOutside) images outside the class folders are ignored" : ""
    let others =
      index.ignoredFiles > 0 ? "; \(index.ignoredFiles) files that are not JPEG, PNG or WebP are ignored" : ""
    self.summary = "\(index.images.count) image files \(classes) (folder, \(root)\(outside)\(others))"
  }

  var count: Int { index.images.count }

  func source(at index: Int) throws(ImageError) -> any ImageSource {
    try EncodedImage(contentsOf: name(at: index), options: options)
  }

  func encodedImage(at index: Int) throws(ImageError) -> [UInt8] {
    try FileBytes.read(name(at: index))
  }

  func name(at index: Int) -> String { "\(root)/\(self.index.images[index])" }
}
