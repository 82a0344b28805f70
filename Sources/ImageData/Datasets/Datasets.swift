import Foundation

/// Opens datasets from disk.
public enum Datasets {
  /// Opens one split of the dataset at `path`.
  ///
  /// - Parameters:
  ///   - path: A folder, an IDX images file, a tar shard or a packed file; a leading `~` is the home folder.
  ///   - format: How the dataset lies on disk; `automatic` looks at the files. A folder that holds none of the known
  ///     files is taken as a folder of images.
  ///   - split: The part that is wanted. A split that is not there is an error, never replaced by the other one.
  ///   - options: How encoded images are read.
  ///   - readers: Formats of one's own.
  /// - Throws: `DatasetError`, which names the file and what to do about it, or what one of the readers throws.
  public static func open(
    path: String, format: DatasetFormat = .automatic, split: DataSplit, options: DecodingOptions = DecodingOptions(),
    readers: [any DatasetReader.Type]
  ) throws -> any ImageDataset {
    let path = NSString(string: path).expandingTildeInPath
    let reader = readers.first { format == .automatic ? $0.recognizes(path) : $0.name == format.rawValue }
    if let reader { return try reader.open(path: path, split: split, options: options) }
    return try open(path: path, format: format, split: split, options: options)
  }

  /// Opens one split of a dataset of a built-in format.
  /// - Throws: `DatasetError`, which names the file and what to do about it.
  public static func open(
    path: String, format: DatasetFormat = .automatic, split: DataSplit, options: DecodingOptions = DecodingOptions()
  ) throws(DatasetError) -> any ImageDataset {
    try open(path: path, format: format, split: split, options: options, indexes: .standard)
  }

  /// Opens a dataset, whose listing is kept in `indexes`.
  static func open(
    path: String, format: DatasetFormat = .automatic, split: DataSplit, options: DecodingOptions = DecodingOptions(),
    indexes: IndexCache
  ) throws(DatasetError) -> any ImageDataset {
    var path = NSString(string: path).expandingTildeInPath
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    if let archive = CompressedArchive(path), FileKind.isFile(path) { throw archive.error(at: path) }
    switch format == .automatic ? try detectFormat(of: path) : format {
    case .idx: return try IDXFile.open(path: path, split: split)
    case .cifar10: return try CIFARFiles.cifar10.open(path: path, split: split)
    case .cifar100: return try CIFARFiles.cifar100.open(path: path, split: split)
    case .packed: return try PackedFile.open(path: path, split: split)
    case .shards: return try ShardDataset(path: path, split: split, options: options, indexes: indexes)
    case .folder: return try ImageFolder(path: path, split: split, options: options, indexes: indexes)
    case let unknown:
      throw DatasetError(
        path: path, problem: .wrongKind(expected: "a dataset of a known format, not '\(unknown.rawValue)'"))
    }
  }

  private static func detectFormat(of path: String) throws(DatasetError) -> DatasetFormat {
    switch try FileKind(path: path) {
    case .file:
      if ShardPlace.isShard(path) { return .shards }
      if PackedFile.isPacked(path) { return .packed }
      guard IDXFile.isRecognized(file: path) else {
        throw DatasetError(
          path: path,
          problem: .wrongContent(
            expected: "a folder, an IDX file of images, a tar shard or a packed file", found: "another kind of file"))
      }
      return .idx
    case .folder:
      if IDXFile.isRecognized(folder: path) { return .idx }
      if CIFARFiles.cifar10.isRecognized(folder: path) { return .cifar10 }
      if CIFARFiles.cifar100.isRecognized(folder: path) { return .cifar100 }
      for files in [CIFARFiles.cifar10, .cifar100] where files.isPythonVersion(folder: path) {
        throw files.pythonVersionError(path)
      }
      return try ShardPlace.isRecognized(folder: path) ? .shards : .folder
    case .other:
      throw DatasetError(path: path, problem: .wrongKind(expected: "a folder or a file"))
    }
  }
}
