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
    let test = testNames.map { "\(path)/\($0)" }.first(where: FileKind.isFolder)
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
}
