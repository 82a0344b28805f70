import Foundation
import Testing

@testable import ImageData

@Suite struct ImageDecoderTests {
  @Test func refusesFoldersPipesAndMissingFiles() throws {
    let folder = try TemporaryFolder()
    let directory = try folder.makeFolder("x.jpg")
    #expect(throws: ImageError(path: directory, problem: .notAFile)) {
      _ = try ImageDecoder.decode(contentsOf: directory)
    }

    let pipe = folder.path + "/pipe.jpg"
    try #require(mkfifo(pipe, 0o600) == 0)
    #expect(throws: ImageError(path: pipe, problem: .notAFile)) { _ = try ImageDecoder.decode(contentsOf: pipe) }

    let missing = folder.path + "/missing.png"
    let error = try #require(throws: ImageError.self) { _ = try ImageDecoder.decode(contentsOf: missing) }
    #expect(error.problem == .unreadable("No such file or directory"))
    #expect(error.description.contains(missing))
  }

  @Test(.enabled(if: getuid() != 0, "root may read everything")) func refusesUnreadableFiles() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write([0xFF, 0xD8, 0xFF], to: "secret.jpg")
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: file)
    #expect(throws: ImageError(path: file, problem: .unreadable("Permission denied"))) {
      _ = try ImageDecoder.decode(contentsOf: file)
    }
  }

  @Test func refusesNoBytes() {
    #expect(throws: ImageError(path: "nothing", problem: .empty)) { _ = try ImageDecoder.decode([], name: "nothing") }
  }
}
