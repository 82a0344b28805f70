/// The subfolders that hold the splits of a dataset.
///
/// A folder `train` marks a dataset with splits; beside it, `val`, `test` or `validation` is the test split. Without
/// one, the whole folder is the training split.
enum SplitFolders {
  private static let testNames = ["val", "test", "validation"]

  /// The folder of one split of the dataset at `path`.
  static func root(of split: DataSplit, in path: String) throws(DatasetError) -> String {
    guard try FileKind(path: path) == .folder else {
      throw DatasetError(path: path, problem: .wrongKind(expected: "a folder"))
    }
    let train = trainFolder(in: path)
    let test = testNames.first { FileKind.isFolder("\(path)/\($0)") }.map { "\(path)/\($0)" }
    switch split {
    case .train:
      if let train { return train }
      guard let test else { return path }
      throw DatasetError(
        path: path,
        problem: .unsupported(
          "it holds '\(test)' but no 'train' beside it, so it is unclear what to train on; name the folder with the "
            + "training images, or rename '\(test)' if it is a class"))
    case .test:
      guard let test else {
        throw DatasetError(path: path, problem: .noSplit(.test, lookedFor: testNames))
      }
      return test
    }
  }

  /// The folder `train`, where there is one.
  static func trainFolder(in path: String) -> String? {
    let train = "\(path)/train"
    return FileKind.isFolder(train) ? train : nil
  }

  /// What lies beside the splits of a folder and belongs to neither.
  static func remarks(on path: String) -> [String] {
    guard trainFolder(in: path) != nil, let content = try? FolderContent(of: path) else { return [] }
    let splits = ["train"] + testNames.filter(content.folders.contains).prefix(1)
    let images = content.files.count(where: FolderListing.isImage)
    let folders = content.folders.filter { !splits.contains($0) }
    guard images > 0 || !folders.isEmpty else { return [] }
    let parts =
      (images > 0 ? [quantity(images, "image")] : [])
      + (folders.isEmpty ? [] : ["\(folders.count == 1 ? "the folder" : "the folders") \(quoted(folders))"])
    return ["Left out because they lie beside \(quoted(splits)) in \(path): \(parts.joined(separator: " and "))."]
  }
}
