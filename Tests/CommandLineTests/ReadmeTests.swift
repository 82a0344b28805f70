import Foundation
import TestSupport
import Testing

/// The README shows the code that `Examples/PretrainInSwift` compiles and runs.
@Suite struct ReadmeTests {
  @Test func swiftExampleIsTheOneThatIsBuilt() throws {
    let root = Fixtures.committed.deletingLastPathComponent().deletingLastPathComponent()
    let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    let example = try String(
      contentsOf: root.appending(path: "Examples/PretrainInSwift/Sources/PretrainInSwift/main.swift"), encoding: .utf8)
    #expect(readme.contains("```swift\n\(example)```"))
  }
}
