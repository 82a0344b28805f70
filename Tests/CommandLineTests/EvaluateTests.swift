import Foundation
import RunRecords
import TestSupport
import Testing

/// Protocols on labelled folders that have no test split.
extension CommandLineTests {
  private struct Record: Decodable {
    struct Interval: Decodable {
      var lower: Double
      var upper: Double
    }
    struct Measure: Decodable {
      var name: String
      var value: Double
      var interval: Interval
    }
    struct Division: Decodable, Equatable {
      var kind: String
      var heldOutShare: Double?
      var seed: Int?
      var ignoredImages: Int
    }
    struct Images: Decodable, Equatable {
      var train: Int
      var test: Int
      var classes: Int
    }
    var evaluation: String
    var version: Int
    var division: Division
    var images: Images
    var measures: [Measure]
    var remarks: [String]
  }

  /// An untrained encoder that takes no time.
  private static let encoder = [
    "random", "--backbone", "resnet18", "--set", "backbone.width=8", "--set", "backbone.stem=cifar", "--resize", "16",
    "--crop", "16",
  ]

  private func evaluate(_ name: String, _ arguments: [String], in folder: String) throws -> (
    code: Int32, output: String, error: String
  ) {
    try hardviews(["evaluate", name] + Self.encoder + arguments + ["--output", "results"], in: folder)
  }

  private func decoded<Value: Decodable>(_ text: String, as type: Value.Type) throws -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: Data(text.utf8))
  }

  @Test func oneLabelledFolderIsDivided() throws {
    try withTemporaryDirectory { folder in
      let classes = [("cat", 20, 0), ("dog", 10, 1), ("emu", 6, 2)]
      _ = try SyntheticImages.writeFolder("pets", in: folder, classes: classes)
      let result = try evaluate("retrieval", ["--data", "pets", "--json"], in: folder)
      #expect(result.code == 0, "\(result.error)")
      #expect(result.error.contains("29 training and 7 test images of 3 classes, resized to 16 px"))
      #expect(result.error.contains("There is no test split: 20 % of the images of each class are held out (seed 0)."))
      let record = try decoded(result.output, as: Record.self)
      #expect((record.evaluation, record.version) == ("retrieval", 1))
      #expect(record.division == .init(kind: "held out", heldOutShare: 0.2, seed: 0, ignoredImages: 0))
      #expect(record.images == .init(train: 29, test: 7, classes: 3))
      #expect(record.measures.map(\.name) == ["mAP", "recall at 1", "recall at 5", "recall at 10"])
      #expect(
        record.measures.allSatisfy { $0.interval.lower <= $0.value && $0.value <= $0.interval.upper && $0.value > 0 })
      let written = try String(contentsOfFile: "\(folder)/results/retrieval.json", encoding: .utf8)
      #expect(try decoded(written, as: Record.self).images == record.images)

      // A class that cannot be in both parts is named.
      let fox = [("fox", 1, 3)]
      _ = try SyntheticImages.writeFolder("pets", in: folder, classes: fox)
      let single = try evaluate("knn", ["--data", "pets", "--held-out", "0.5"], in: folder)
      #expect(single.code == 1 && single.error.contains("a single one of 'fox'"), "\(single.error)")
    }
  }

  @Test func allProtocolsRunOnOneFolder() throws {
    try withTemporaryDirectory { folder in
      let classes = [("cat", 16, 0), ("dog", 16, 1), ("emu", 16, 2)]
      _ = try SyntheticImages.writeFolder("pets", in: folder, classes: classes)
      let all = try evaluate("all", ["--data", "pets", "--held-out", "0.25"], in: folder)
      #expect(all.code == 0, "\(all.error)")
      let headings = ["knn", "retrieval", "few-labels", "linear"]
      let lines = all.output.split(separator: "\n").map(String.init)
      #expect(lines.filter(headings.contains) == headings)
      #expect(
        ["20-NN", "mAP", "10 labels per class", "linear, chosen epoch"].allSatisfy { name in
          lines.contains { $0.hasPrefix(name) }
        })
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder + "/results").sorted()
          == headings.map { "\($0).json" }.sorted())

      let alone = try evaluate("all", ["--data", "pets", "--leave-one-out", "--json"], in: folder)
      let records = try decoded(alone.output, as: [Record].self)
      #expect(records.map(\.evaluation) == ["knn", "retrieval"])
      #expect(records.allSatisfy { $0.division.kind == "leave one out" && $0.images.train == 48 })
      let linear = try evaluate("linear", ["--data", "pets", "--leave-one-out"], in: folder)
      #expect(linear.code == 1 && linear.error.contains("Leave out --leave-one-out"), "\(linear.error)")
    }
  }

  /// Classes of two sets are the same where their names are.
  @Test func oneSetIsLearnedFromAndAnotherMeasuredOn() throws {
    try withTemporaryDirectory { folder in
      let classes = [("bird", 8, 0), ("cat", 8, 1), ("dog", 8, 2)]
      _ = try SyntheticImages.writeFolder("photos", in: folder, classes: classes)
      let others = [("cat", 5, 1), ("dog", 5, 2), ("eel", 4, 3)]
      _ = try SyntheticImages.writeFolder("paintings", in: folder, classes: others)
      let sets = ["--train", "photos", "--test", "paintings", "--k", "1"]
      let refused = try evaluate("knn", sets, in: folder)
      #expect(refused.code == 1, "\(refused.output)")
      #expect(refused.error.contains("4 of 14 test images are of classes that the training images lack: 'eel'."))
      #expect(refused.error.contains("--ignore-unknown-classes"))
      let ignoring = try evaluate("knn", sets + ["--ignore-unknown-classes", "--json"], in: folder)
      #expect(ignoring.code == 0, "\(ignoring.error)")
      let record = try decoded(ignoring.output, as: Record.self)
      #expect(record.division == .init(kind: "two sets", ignoredImages: 4))
      #expect(record.images == .init(train: 24, test: 10, classes: 3))
      // The same images are in both sets, under other numbers of their classes.
      #expect(record.measures.map(\.value) == [1])
      #expect(record.remarks.contains("No test image is of the class 'bird'."))
      let all = try evaluate("all", Array(sets[..<4]) + ["--ignore-unknown-classes"], in: folder)
      #expect(all.code == 0 && all.error.components(separatedBy: "is of the class 'bird'").count == 2, "\(all.error)")
    }
  }

  @Test func outliersAreImagesOfOtherKinds() throws {
    try withTemporaryDirectory { folder in
      let classes = [("cat", 12, 0), ("dog", 12, 1), ("emu", 12, 2)]
      _ = try SyntheticImages.writeFolder("pets", in: folder, classes: classes)
      // Without labels: the images of one class.
      let plants = [("plants", 9, 3)]
      _ = try SyntheticImages.writeFolder("garden", in: folder, classes: plants)
      let others = try evaluate("outliers", ["--data", "pets", "--outliers", "garden/plants"], in: folder)
      #expect(others.code == 0, "\(others.error)")
      #expect(
        others.error.contains("6 test images and 9 outliers, by the distance to neighbor 30 of 30 training images"))
      #expect(others.output.contains("AUROC") && others.output.contains("FPR at 95 % TPR"))
      let taken = try evaluate("outliers", ["--data", "pets", "--outlier-classes", "emu,dog", "--k", "3"], in: folder)
      #expect(
        taken.error.contains("2 test images and 4 outliers, by the distance to neighbor 3 of 10"), "\(taken.error)")
      let few = try evaluate(
        "few-labels", ["--data", "pets", "--labels", "2,50%", "--draws", "2", "--classifier", "knn"], in: folder)
      #expect(few.code == 0 && few.output.contains("50 % of labels") && few.output.contains("±"), "\(few.error)")
    }
  }
}
