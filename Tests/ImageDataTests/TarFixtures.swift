import Foundation
import Testing

@testable import ImageData

/// Packs files with GNU tar, which every Debian machine has.
enum GNUTar {
  /// Writes the files of `folder`, in the order given, into a new archive.
  static func pack(_ archive: String, folder: String, files: [String], format: String = "gnu") throws {
    let list = archive + ".list"
    try Data((files.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: list))
    defer { try? FileManager.default.removeItem(atPath: list) }
    try run([
      "tar", "--create", "--format=\(format)", "--no-recursion", "--file", archive, "--directory", folder,
      "--mtime=2020-01-01", "--owner=0", "--group=0", "--files-from", list,
    ])
  }

  /// Runs a tool that must succeed; gives what it printed.
  @discardableResult
  static func run(_ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(arguments.joined(separator: " ")) failed")
    return String(decoding: text, as: UTF8.self)
  }
}

extension TemporaryFolder {
  /// Writes a shard with these members, in their order; gives its path.
  @discardableResult
  func writeShard(_ name: String, _ members: [(name: String, bytes: [UInt8])], format: String = "gnu") throws -> String
  {
    let staging = "staging-\(UUID().uuidString)"
    try makeFolder(staging)
    for member in members { try write(member.bytes, to: "\(staging)/\(member.name)") }
    try makeFolder((name as NSString).deletingLastPathComponent)
    try GNUTar.pack("\(path)/\(name)", folder: "\(path)/\(staging)", files: members.map(\.name), format: format)
    try FileManager.default.removeItem(atPath: "\(path)/\(staging)")
    return "\(path)/\(name)"
  }

  /// An index cache of the test's own, which keeps everything.
  var indexes: IndexCache { IndexCache(folder: path + "-indexes", minimumCount: 0) }

  /// Makes everything in the folder look as if it was changed `seconds` ago.
  func age(_ seconds: Int, _ name: String = "") throws {
    try GNUTar.run(["find", path + "/" + name, "-exec", "touch", "-d", "\(seconds) seconds ago", "{}", "+"])
  }

  /// Opens the folder, or a file in it, with the test's own indexes.
  func open(
    _ name: String = "", format: DatasetFormat = .automatic, split: DataSplit = .train
  ) throws -> any ImageDataset {
    try Datasets.open(
      path: name.isEmpty ? path : "\(path)/\(name)", format: format, split: split, indexes: indexes)
  }
}
