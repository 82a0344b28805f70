import Foundation
import TestSupport
import Testing

/// Commands that take any encoder.
@Suite struct EncoderCommandTests {
  private let program = CommandLineTests()

  /// What is no run has its results beside its file, or in the current folder, or where they are wanted.
  @Test func evaluatesFilesAndUntrainedNetworks() throws {
    try withTemporaryDirectory { folder in
      let configuration = try program.tinyConfiguration(in: folder)
      #expect(try program.hardviews(["pretrain", configuration, "--output", "run"], in: folder).code == 0)
      try FileManager.default.copyItem(
        atPath: folder + "/run/checkpoints/encoder.safetensors", toPath: folder + "/mine.safetensors")
      let knn = ["evaluate", "knn"]
      let run = try program.hardviews(knn + ["run", "--k", "5"], in: folder)
      let file = try program.hardviews(knn + ["mine.safetensors", "--k", "5", "--data", "images"], in: folder)
      #expect(file.code == 0 && file.output == run.output, "\(file.error)")
      #expect(file.error.contains("64 training and 32 test images of 4 classes, resized to 16 px"))
      #expect(FileManager.default.fileExists(atPath: folder + "/mine.evaluation/knn.json"))
      let like = ["random", "--like", "run", "--k", "5"]
      let random = try program.hardviews(knn + like + ["--seed", "2"], in: folder)
      #expect(random.code == 0, "\(random.error)")
      let record = try String(contentsOfFile: folder + "/random-resnet18.evaluation/knn.json", encoding: .utf8)
      #expect(record.contains("random resnet18, seed 2"))
      #expect(try program.hardviews(knn + like + ["--output", "base"], in: folder).code == 0)
      #expect(FileManager.default.fileExists(atPath: folder + "/base/knn.json"))

      let lost = try program.hardviews(knn + ["mine.safetensors"], in: folder)
      #expect(lost.code == 1 && lost.error.contains("Name some with --data"), "\(lost.error)")
      let none = try program.hardviews(knn + ["random", "--data", "images"], in: folder)
      #expect(none.code == 1 && none.error.contains("--backbone (resnet18, resnet34"), "\(none.error)")
    }
  }
}
