import Foundation
import TestSupport
import Testing

/// What is left out of the images is said wherever they are read.
@Suite struct DataRemarksTests {
  private let program = CommandLineTests()

  /// Sixteen images, four of them in a subfolder, and what is no image.
  private func photos(in folder: String) throws {
    let files = FileManager.default
    for name in ["photos/album", "photos/empty"] {
      try files.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
    }
    for number in 0..<16 {
      // A GIF of one pixel.
      let gif: [UInt8] =
        Array("GIF89a".utf8) + [1, 0, 1, 0, 0x80, 0, 0, UInt8(16 * number), 9, 9, 0, 0, 0]
        + [0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3B]
      let name = number < 12 ? "photos/\(number).gif" : "photos/album/\(number).gif"
      try Data(gif).write(to: URL(filePath: "\(folder)/\(name)"))
    }
    try Data("words".utf8).write(to: URL(filePath: folder + "/photos/notes.txt"))
  }

  @Test func everyCommandSaysWhatWasLeftOut() throws {
    try withTemporaryDirectory { folder in
      let configuration = try program.tinyConfiguration(in: folder)
      try photos(in: folder)
      for command in [
        ["pretrain", configuration, "--data", "photos", "--output", "run", "--set", "training.epochs=1"],
        ["plan", configuration, "--data", "photos", "--warm-up-steps", "2", "--rounds", "1"],
        ["views", "photos", "--recipe", "simsiam-cifar10", "--json"],
        ["pack", "photos", "packed.hvpack", "--format", "packed"],
      ] {
        let result = try program.hardviews(command, in: folder)
        #expect(result.code == 0, "\(command[0]): \(result.error)")
        for remark in [
          "All 16 images are used without labels: 12 lie directly in", "1 subfolder without images left out: 'empty'.",
          "1 file of other types left out: 1 .txt.",
        ] { #expect(result.error.contains(remark), "\(command[0]): \(result.error)") }
      }
    }
  }
}
