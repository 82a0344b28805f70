/// What a listing left out, counted by reason.
struct LeftOut: Equatable, Sendable {
  /// Files that are not images, by the endings of their names; "" stands for none.
  private(set) var otherFiles: [String: Int] = [:]
  /// The first compressed archive among them.
  private(set) var archive: String?
  /// Hidden files and folders; what hidden folders hold is not counted.
  var hiddenCount = 0
  /// Folders that may not be read.
  var unreadableFolders: [String] = []

  /// Nothing.
  init() {}

  /// How many files are not images.
  var otherFileCount: Int { otherFiles.values.reduce(0, +) }

  /// Counts a file that is not an image.
  mutating func add(file: String) {
    otherFiles[fileEnding(of: file), default: 0] += 1
    if archive == nil, CompressedArchive(file) != nil { archive = file }
  }

  /// Counts what a listing of the subfolder `folder` left out.
  mutating func add(_ other: LeftOut, in folder: String) {
    otherFiles.merge(other.otherFiles, uniquingKeysWith: +)
    archive = archive ?? other.archive.map { "\(folder)/\($0)" }
    hiddenCount += other.hiddenCount
    unreadableFolders += other.unreadableFolders.map { $0.isEmpty ? folder : "\(folder)/\($0)" }
  }

  /// A sentence for each reason, about what is in the folder `root`.
  func remarks(in root: String) -> [String] {
    var remarks: [String] = []
    if !otherFiles.isEmpty {
      let common = otherFiles.sorted { (-$0.value, $0.key) < (-$1.value, $1.key) }
      let kinds = common.prefix(4).map { "\($0.value) \($0.key.isEmpty ? "without an ending" : ".\($0.key)")" }
      let more = common.count > 4 ? ", …" : ""
      remarks.append(
        "\(quantity(otherFileCount, "file")) of other types left out: \(kinds.joined(separator: ", "))\(more).")
    }
    if let archive = archive.flatMap({ CompressedArchive("\(root)/\($0)") }) {
      remarks.append("An archive is not read in place: \(archive.advice).")
    }
    if hiddenCount > 0 {
      remarks.append("\(quantity(hiddenCount, "hidden file or folder", "hidden files or folders")) left out.")
    }
    if !unreadableFolders.isEmpty {
      remarks.append(
        "\(quantity(unreadableFolders.count, "folder")) left out because reading is not permitted: "
          + "\(quoted(unreadableFolders)).")
    }
    return remarks
  }

  /// Reads what `encode(into:)` wrote.
  init(from cursor: inout ByteCursor) throws(MalformedBytes) {
    for _ in 0..<(try cursor.number(UInt32.self)) {
      let ending = try cursor.name()
      otherFiles[ending] = try cursor.number()
    }
    archive = try cursor.name()
    if let name = archive, CompressedArchive(name) == nil { archive = nil }
    hiddenCount = try cursor.number()
  }

  /// Appends all but the unreadable folders.
  func encode(into output: inout [UInt8]) {
    output.append(number: UInt32(otherFiles.count))
    for (ending, count) in otherFiles.sorted(by: { $0.key < $1.key }) {
      output.append(name: ending)
      output.append(number: count)
    }
    output.append(name: archive ?? "")
    output.append(number: hiddenCount)
  }
}

/// A number and what is counted, such as "1 file" and "2 files".
package func quantity(_ count: Int, _ one: String, _ many: String? = nil) -> String {
  count == 1 ? "1 \(one)" : "\(count) \(many ?? one + "s")"
}

/// The first few names, each in quotation marks.
func quoted(_ names: [String]) -> String {
  let rest = names.count > 4 ? " and \(names.count - 4) more" : ""
  return names.prefix(4).map { "'\($0)'" }.joined(separator: ", ") + rest
}

/// What follows the last dot of a file's name, in small letters; "" where there is none.
func fileEnding(of name: String) -> String {
  guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return "" }
  let ending = name[name.utf8.index(after: dot)...]
  return ending.utf8.contains(UInt8(ascii: "/")) ? "" : ending.lowercased()
}
