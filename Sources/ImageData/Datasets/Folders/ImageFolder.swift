import Views

/// A folder of image files, decoded when they are asked for.
///
/// All images below the folder belong to it, at any depth. Where none lies in the folder itself, each subfolder with
/// images is a class, in the order of their names; otherwise the dataset has no labels. Hidden files and folders are left
/// out. The order of the images is that of torchvision's `ImageFolder`.
struct ImageFolder: ImageDataset, EncodedImages {
  let root: String
  let labels: [Int]?
  let classNames: [String]?
  let summary: String
  let remarks: [String]
  let options: DecodingOptions

  private let index: FolderIndex

  /// Lists the images of one split, or finds them in an index that still holds.
  ///
  /// The splits are those of `SplitFolders`. The classes of the test split are numbered as the
  /// training split's, followed by those that the training split lacks.
  init(path: String, split: DataSplit, options: DecodingOptions, indexes: IndexCache) throws(DatasetError) {
    let root = try SplitFolders.root(of: split, in: path)
    let index = try FolderIndex(of: root, indexes: indexes)
    let train = split == .test ? SplitFolders.trainFolder(in: path) : nil
    let trained = try train.map { train throws(DatasetError) in
      try FolderIndex(of: train, indexes: indexes).classes
    }
    var names = trained.flatMap { $0.isEmpty ? nil : $0 } ?? index.classes

    var numbers = Dictionary(zip(names, names.indices)) { first, _ in first }

    var labels: [Int] = []
    labels.reserveCapacity(index.images.count)
    for (name, count) in zip(index.classes, index.classCounts) {
      if numbers[name] == nil {
        numbers[name] = names.count
        names.append(name)
      }
      labels += repeatElement(numbers[name]!, count: count)
    }

    let isLabeled = !index.classes.isEmpty
    self.root = root
    self.index = index
    self.options = options
    self.labels = isLabeled ? labels : nil
    self.classNames = isLabeled ? names : nil
    let classes = isLabeled ? "in \(quantity(index.classes.count, "class", "classes"))" : "without labels"
    self.summary = "\(quantity(index.images.count, "image file")) \(classes) (folder, \(root))"
    self.remarks = Self.remarks(on: index, root: root) + SplitFolders.remarks(on: path)
  }

  private static func remarks(on index: FolderIndex, root: String) -> [String] {
    var remarks: [String] = []
    let nested = index.images.count - index.looseImages
    if index.looseImages > 0, nested > 0 {
      let loose = index.looseImages
      remarks.append(
        "All \(index.images.count) images are used without labels: \(loose) \(loose == 1 ? "lies" : "lie") directly in "
          + "\(root) and \(nested) in subfolders. Subfolders are classes only where every image is in one.")
    }
    if !index.emptyFolders.isEmpty {
      remarks.append(
        "\(quantity(index.emptyFolders.count, "subfolder")) without images left out: \(quoted(index.emptyFolders)).")
    }
    return remarks + index.leftOut.remarks(in: root)
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
