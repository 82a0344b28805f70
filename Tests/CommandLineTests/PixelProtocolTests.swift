import Foundation
import TestSupport
import Testing

/// `evaluate robustness` and `evaluate finetune`.
extension CommandLineTests {
  private static let encoder = [
    "random", "--backbone", "resnet18", "--set", "backbone.width=8", "--set", "backbone.stem=cifar", "--resize", "16",
    "--crop", "16", "--data", "pets", "--held-out", "0.25", "--output", "results",
  ]

  private func withPets(_ body: (String) throws -> Void) throws {
    try withTemporaryDirectory { folder in
      let classes = [("cat", 16, 0), ("dog", 16, 1), ("emu", 16, 2)]
      _ = try SyntheticImages.writeFolder("pets", in: folder, classes: classes)
      try body(folder)
    }
  }

  @Test func robustnessIsMeasuredUnderTheCorruptionsAskedFor() throws {
    try withPets { folder in
      func robustness(_ arguments: [String]) throws -> (code: Int32, output: String, error: String) {
        try hardviews(["evaluate", "robustness"] + Self.encoder + arguments, in: folder)
      }
      let some = ["--corruptions", "noise,frost", "--severities", "2,4", "--classifier", "knn", "--k", "3"]
      let first = try robustness(some)
      #expect(first.code == 0, "\(first.error)")
      for row in ["gaussian_noise", "shot_noise", "impulse_noise", "frost", "mean corruption error", "clean accuracy"] {
        #expect(first.output.contains(row), "\(row)")
      }
      #expect(!first.output.contains("fog") && first.output.contains("severity 4"))
      #expect(first.error.contains("frost (4 of 4): error "))
      #expect(first.error.contains("not comparable with published figures: frost"))

      let again = try robustness(some + ["--baseline", "results/robustness.json"])
      #expect(again.code == 0, "\(again.error)")
      #expect(again.output.contains("mCE against random resnet18, seed 0"))
      #expect(again.output.contains("100.00 %"))

      let other = try robustness(["--corruptions", "fog", "--baseline", "results/robustness.json"])
      #expect(other.code == 1 && other.error.contains("robustness: baseline was measured at severities [2, 4]"))
      let unknown = try robustness(["--corruptions", "mist"])
      #expect(unknown.code == 2 && unknown.error.contains("'mist' is no corruption. Corruptions: gaussian_noise, "))
    }
  }

  @Test func fineTuningReportsTheLastAndTheChosenEpoch() throws {
    try withPets { folder in
      func finetune(_ arguments: [String]) throws -> (code: Int32, output: String, error: String) {
        try hardviews(["evaluate", "finetune"] + Self.encoder + arguments, in: folder)
      }
      let result = try finetune(["--epochs", "2", "--batch-size", "12", "--rates", "0.001,0.01", "--per-class", "8"])
      #expect(result.code == 0, "\(result.error)")
      #expect(result.output.contains("last epoch (2)") && result.output.contains("chosen epoch ("))
      #expect(result.error.contains("24 images were learned from, in 4 steps."), "\(result.error)")
      #expect(FileManager.default.fileExists(atPath: folder + "/results/finetune.json"))
      let scarce = try finetune(["--epochs", "1", "--per-class", "13"])
      #expect(scarce.code == 1 && scarce.error.contains("too few training images of 'cat' (12)"), "\(scarce.error)")
      let bad = try finetune(["--epochs", "0"])
      #expect(bad.code == 1 && bad.error.contains("finetune: epochs must be at least 1, not 0."), "\(bad.error)")
    }
  }
}
