/// A file whose name is that of a compressed archive, which cannot be read from any place.
struct CompressedArchive {
  /// How to unpack it, as the end of a sentence.
  let advice: String

  private static let tools: [(endings: [String], tool: String)] = [
    ([".tar.gz", ".tgz"], "gunzip"), ([".tar.bz2", ".tbz2"], "bunzip2"), ([".tar.xz", ".txz"], "unxz"),
    ([".tar.zst", ".tzst"], "unzstd"),
  ]

  /// nil where the name is another one.
  init?(_ path: String) {
    let lowered = path.lowercased()
    if let (_, tool) = Self.tools.first(where: { $0.endings.contains(where: lowered.hasSuffix) }) {
      advice = "'\(tool) \(path)' makes a tar shard of it, 'tar -xf \(path)' a folder"
    } else if lowered.hasSuffix(".zip") {
      advice = "unpack it into a folder with 'unzip \(path) -d FOLDER'"
    } else if lowered.hasSuffix(".7z") || lowered.hasSuffix(".rar") {
      advice = "unpack it into a folder with '7z x \(path) -oFOLDER'"
    } else {
      return nil
    }
  }

  /// The error for a dataset that is one, or holds nothing else.
  func error(at path: String) -> DatasetError {
    DatasetError(path: path, problem: .unsupported("compressed archives are not read in place; \(advice)"))
  }
}
