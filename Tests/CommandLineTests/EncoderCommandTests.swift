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

  private let small = ["random", "--backbone", "resnet18", "--set", "backbone.width=8", "--set", "backbone.stem=cifar"]

  /// A folder of three photos and a file that is none.
  private func photos(in folder: String) throws {
    let manager = FileManager.default
    try manager.createDirectory(atPath: folder + "/photos", withIntermediateDirectories: true)
    for name in ["cmyk.jpg", "gray.jpg", "1bit.bmp", "empty.jpg"] {
      try manager.copyItem(atPath: Fixtures.path("images/\(name)"), toPath: "\(folder)/photos/\(name)")
    }
  }

  @Test func embedsWhatCanBeRead() throws {
    try withTemporaryDirectory { folder in
      try photos(in: folder)
      let embedded = try program.hardviews(["embed"] + small + ["photos", "--output", "f.csv"], in: folder)
      #expect(embedded.code == 0, "\(embedded.error)")
      #expect(embedded.output.contains("f.csv: features [3, 64] of 3 images"))
      #expect(embedded.output.contains("1 could not be read and were left out: \(folder)/photos/empty.jpg"))
      #expect(embedded.error.contains("skipped \(folder)/photos/empty.jpg: the file is empty"))
      let lines = try String(contentsOfFile: folder + "/f.csv", encoding: .utf8).split(separator: "\n")
      #expect(lines.count == 4 && lines[1].hasPrefix("0,\(folder)/photos/1bit.bmp,"))
      let again = try program.hardviews(["embed"] + small + ["photos", "--output", "f.csv"], in: folder)
      #expect(again.code == 1 && again.error.contains("f.csv exists already, and is not replaced"))
    }
  }

  @Test func findsNeighboursOfFilesAndOfImages() throws {
    struct Answer: Decodable {
      struct Neighbour: Decodable {
        var name: String
        var similarity: Double
      }
      var query: String
      var neighbours: [Neighbour]
    }
    try withTemporaryDirectory { folder in
      try photos(in: folder)
      let neighbours = ["neighbours"] + small + ["photos"]
      try FileManager.default.copyItem(atPath: folder + "/photos/gray.jpg", toPath: folder + "/copy.jpg")
      let found = try program.hardviews(
        neighbours + ["copy.jpg", "cmyk.jpg", "--json", "-k", "2", "--picture", "sheet.png"], in: folder)
      #expect(found.code == 0, "\(found.error)")
      let answers = try JSONDecoder().decode([Answer].self, from: Data(found.output.utf8))
      #expect(answers.map(\.query) == ["copy.jpg", "cmyk.jpg"] && answers.allSatisfy { $0.neighbours.count == 2 })
      #expect(answers[0].neighbours[0].name == folder + "/photos/gray.jpg")
      #expect(abs(answers[0].neighbours[0].similarity - 1) < 1e-5)
      #expect(!answers[1].neighbours.contains { $0.name.hasSuffix("cmyk.jpg") })
      #expect(try Data(contentsOf: URL(filePath: folder + "/sheet.png")).starts(with: [0x89, 0x50, 0x4E, 0x47]))
      let text = try program.hardviews(neighbours + ["photos/gray.jpg"], in: folder)
      #expect(text.output.contains("cosine") && !text.output.contains("/photos/gray.jpg\n"), "\(text.output)")
      let wide = try program.hardviews(neighbours + ["copy.jpg", "-k", "201", "--picture", "wide.png"], in: folder)
      #expect(wide.code == 2 && wide.error.contains("room for 200 images"), "\(wide.error)")
      for (query, part) in [("dog.jpg", "'dog.jpg' is no file and no image of photos"), ("empty.jpg", "is empty")] {
        let lost = try program.hardviews(neighbours + [query], in: folder)
        #expect(lost.code == 1 && lost.error.contains(part), "\(lost.error)")
      }
    }
  }

  @Test func exportsForOtherLibraries() throws {
    try withTemporaryDirectory { folder in
      let exported = try program.hardviews(["export"] + small + ["--to", "timm", "--output", "out"], in: folder)
      #expect(exported.code == 0 && exported.output == "out: model.safetensors, config.json, load.py, README.md\n")
      #expect(exported.error.contains("python out/load.py IMAGE"))
      let again = try program.hardviews(["export"] + small + ["--to", "timm", "--output", "out"], in: folder)
      #expect(again.code == 1 && again.error.contains("out: is not empty"))
      let other = try program.hardviews(["export"] + small + ["--to", "keras", "--output", "no"], in: folder)
      #expect(other.code == 2)
      #expect(other.error.contains("'torchvision', 'timm', 'huggingface' or 'safetensors'"), "\(other.error)")
    }
  }
}
