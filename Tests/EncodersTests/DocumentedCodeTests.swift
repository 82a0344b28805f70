@testable import Encoders
import Foundation
import NeuralNetworks
import TestSupport
import Testing

/// The code that Documentation/Encoders.md shows compiles and runs.
@Suite struct DocumentedCodeTests {
  @Test func similarPhotosAreFoundAsDocumented() throws {
    try withTemporaryDirectory { folder in
      let encoder = try ExportTests.encoder(.resnet18, ["width=8", "stem=cifar"])
      _ = try EncoderExport(encoder, to: .safetensors, version: "1").write(to: folder + "/encoder")
      let manager = FileManager.default
      try manager.createDirectory(atPath: folder + "/photos", withIntermediateDirectories: true)
      let names = ["cmyk.jpg", "gray.jpg", "1bit.bmp"]
      for name in names {
        try manager.copyItem(atPath: Fixtures.path("images/\(name)"), toPath: "\(folder)/photos/\(name)")
      }
      let found = try photos(
        like: Fixtures.path("images/cmyk.jpg"), in: folder + "/photos", encoder: folder + "/encoder/model.safetensors")
      // A copy of the picture under another name comes first.
      #expect(found.first == folder + "/photos/cmyk.jpg" && found.count == names.count)
    }
  }

  @Test func itIsTheCodeOfThePage() throws {
    let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "SimilarPhotos.swift")
    let page = Fixtures.committed.deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Documentation/Encoders.md")
    let code = try String(contentsOf: source, encoding: .utf8)
    #expect(try String(contentsOf: page, encoding: .utf8).contains("```swift\n\(code)```"))
  }
}
