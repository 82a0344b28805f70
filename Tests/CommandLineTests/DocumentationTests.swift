import Foundation
import HardViewsCommandLine
import TestSupport
import Testing

/// What the documents say about files, recipes, versions and code is so.
@Suite struct DocumentationTests {
  private static let root = Fixtures.committed.deletingLastPathComponent().deletingLastPathComponent()
  private static let documents =
    ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"]
    + ((try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: "Documentation").path)) ?? [])
    .filter { $0.hasSuffix(".md") }.sorted().map { "Documentation/\($0)" }

  private func text(_ path: String) throws -> String {
    try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
  }

  /// The README shows the code that `Examples/PretrainInSwift` compiles and runs.
  @Test func swiftExampleIsTheOneThatIsBuilt() throws {
    let example = try text("Examples/PretrainInSwift/Sources/PretrainInSwift/main.swift")
    #expect(try text("README.md").contains("```swift\n\(example)```"))
  }

  @Test func theNewestVersionIsTheProgramsOwn() throws {
    let version = try text("CHANGELOG.md").firstMatch(of: /(?m)^## (\d+\.\d+\.\d+)\b/)
    #expect(version.map { String($0.output.1) } == HardViewsProgram.version)
  }

  @Test(arguments: documents)
  func linksLeadToFilesAndHeadings(document: String) throws {
    let folder = Self.root.appending(path: document).deletingLastPathComponent()
    for link in try text(document).matches(of: /\]\(([^)\s#]*)(?:#([^)\s]*))?\)/) {
      let target = String(link.output.1)
      guard !target.contains("://") else { continue }
      let file = target.isEmpty ? Self.root.appending(path: document) : folder.appending(path: target)
      #expect(FileManager.default.fileExists(atPath: file.path), "\(document): \(target)")
      guard let anchor = link.output.2 else { continue }
      #expect(try Self.anchors(in: file).contains(String(anchor)), "\(document): \(target)#\(anchor)")
    }
  }

  /// What can be linked to in a Markdown file: its headings in lower case, spaces as hyphens, without punctuation.
  private static func anchors(in file: URL) throws -> [String] {
    try String(contentsOf: file, encoding: .utf8).matches(of: /(?m)^#+ (.+)$/).map { heading in
      String(
        heading.output.1.lowercased().compactMap { character in
          if character == " " { return "-" }
          return character.isLetter || character.isNumber || "-_".contains(character) ? character : nil
        })
    }
  }

  /// Names behind `--recipe` are those of recipes or view pipelines, or files of the reader's own.
  @Test(arguments: documents)
  func recipesExist(document: String) throws {
    let sources = Self.root.appending(path: "Sources/HardViewPretraining")
    for name in try text(document).matches(of: /--recipe ([\w.\/-]+)/).map(\.output.1) {
      guard !name.hasSuffix(".yaml"), !name.contains("/"), name != name.uppercased() else { continue }
      let files = ["Recipes", "ViewPipelines"].map { sources.appending(path: "\($0)/\(name).yaml").path }
      #expect(files.contains { FileManager.default.fileExists(atPath: $0) }, "\(document): \(name)")
    }
  }
}
