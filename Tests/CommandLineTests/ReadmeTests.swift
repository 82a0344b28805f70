import Foundation
import TestSupport
import Testing

/// What the pages show is what there is.
@Suite struct ReadmeTests {
  private let root = Fixtures.committed.deletingLastPathComponent().deletingLastPathComponent()

  /// Every recipe that a page names exists.
  @Test func recipesOfThePagesExist() throws {
    let sources = root.appending(path: "Sources/HardViewPretraining")
    let known = try Set(
      ["Recipes", "ViewPipelines"].flatMap {
        try FileManager.default.contentsOfDirectory(atPath: sources.appending(path: $0).path).map { $0.dropLast(5) }
      })
    let documentation = root.appending(path: "Documentation")
    let pages = try FileManager.default.contentsOfDirectory(atPath: documentation.path).filter { $0.hasSuffix(".md") }
    for page in [root.appending(path: "README.md")] + pages.map({ documentation.appending(path: $0) }) {
      let text = try String(contentsOf: page, encoding: .utf8)
      for match in text.matches(of: /--recipe ([a-z0-9-]+)(\s|`)/) {
        #expect(known.contains(match.1), "\(page.lastPathComponent) names \(match.1)")
      }
    }
  }

  /// The README shows the code that `Examples/PretrainInSwift` compiles and runs.
  @Test func swiftExampleIsTheOneThatIsBuilt() throws {
    let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    let example = try String(
      contentsOf: root.appending(path: "Examples/PretrainInSwift/Sources/PretrainInSwift/main.swift"), encoding: .utf8)
    #expect(readme.contains("```swift\n\(example)```"))
  }
}
