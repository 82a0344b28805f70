import Corruptions
import Encoders
import Foundation
import HardViewPretraining
import ImageData
import NeuralNetworks
import PixelEvaluation
@testable import RepresentationEvaluation
import RunEvaluation
import Synchronization
import TestSupport
import Testing
import Torch
import Views

/// Forty labelled images without a test split, of which those named in the path cannot be read: `images.gray-7-12`.
private enum GrayImages: DatasetReader {
  static let name = "gray"
  static let summary = "made up"
  static let reads = Mutex<[String: [Int]]>([:])

  static func recognizes(_ path: String) -> Bool { path.contains("images.gray") }

  static func open(path: String, split: DataSplit, options: DecodingOptions) throws -> any ImageDataset {
    guard split == .train else {
      throw DatasetError(path: path, problem: .noSplit(split, lookedFor: ["a test split"]))
    }
    return Images(path: path, broken: path.split(separator: "-").dropFirst().compactMap { Int($0) })
  }

  struct Images: ImageDataset {
    let path: String
    let broken: [Int]
    let labels: [Int]? = (0..<40).map { $0 % 4 }
    let classNames: [String]? = ["cat", "dog", "emu", "fox"]
    let count = 40
    let summary = "40 images"

    func name(at index: Int) -> String { "\(path)#\(index)" }

    func source(at index: Int) throws(ImageError) -> any ImageSource {
      GrayImages.reads.withLock { $0[path, default: []].append(index) }
      if broken.contains(index) {
        throw ImageError(path: path, problem: .corrupt(format: "gray", reason: "on purpose"))
      }
      let pixels = (0..<256).map { UInt8(($0 / [1, 2, 16, 32][index % 4] * 85 + index) % 256) }
      return Image(width: 16, height: 16, channels: 1, pixels: pixels)
    }
  }
}

@Suite struct EncoderEvaluationTests {
  private func encoder(seed: Int) throws -> VisionEncoder {
    var backbone = BackboneConfiguration()
    (backbone.width, backbone.stem, backbone.channels) = (4, .cifar, 1)
    var configuration = EncoderConfiguration(backbone: backbone)
    (configuration.preprocessing.resize, configuration.preprocessing.crop) = (16, 16)
    return try .random(configuration, seed: seed, components: .standard.adding(GrayImages.self))
  }

  /// The positions of a part of a division.
  private func positions(_ images: any ImageDataset) -> [Int] { (images as? Subset)?.indices ?? [] }

  /// Each worker reads a part of the images; what they measure is one record.
  @Test func workersMeasureWhatOneMeasures() throws {
    try withTemporaryDirectory { folder in
      @Sendable func result(_ name: String, _ images: String) throws -> [Measure] {
        let evaluation = try EncoderEvaluation(
          encoder(seed: 0), images: EvaluationImages(data: "\(folder)/images.gray-7-12\(images)"),
          output: "\(folder)/\(name)")
        var protocolOfPaper = NearestNeighbours()
        protocolOfPaper.neighbours = [1, 5]
        return try evaluation.run(protocolOfPaper).measures + evaluation.run(Retrieval()).measures
      }
      let whole = try onWorkers(1) { _ in try result("one", "") }[0]
      for measures in try onWorkers(2, { _ in try result("two", "") }) { #expect(measures == whole) }
      let files = try FileManager.default.contentsOfDirectory(atPath: folder + "/two").sorted()
      #expect(files == ["knn.json", "retrieval.json"])
      let errors = try onWorkers(2) { workers in
        let error = #expect(throws: WorkersDisagreeError.self) {
          try EncoderEvaluation(
            encoder(seed: workers.rank), images: EvaluationImages(data: folder + "/images.gray"), output: folder)
        }
        return error?.subject ?? ""
      }
      #expect(errors == ["encoder and images", "encoder and images"])
    }
  }

  /// Images that cannot be read change no division, and every image is read once for all protocols.
  @Test func allEncodersAreMeasuredOnTheSameImagesReadOnce() throws {
    try withTemporaryDirectory { folder in
      let first = try EncoderEvaluation(
        encoder(seed: 0), images: EvaluationImages(data: folder + "/images.gray-7"), output: folder)
      let second = try EncoderEvaluation(
        encoder(seed: 1), images: EvaluationImages(data: folder + "/images.gray-12-13"), output: folder)
      #expect(positions(first.division.test) == positions(second.division.test))
      #expect(positions(first.division.test).count == 8)
      let other = EvaluationImages(data: folder + "/images.gray", seed: 1)
      #expect(positions(try other.divided(for: encoder(seed: 0)).test) != positions(first.division.test))

      for chosen in try first.standardProtocols() where type(of: chosen).name != LinearProbe.name {
        #expect(try !first.outcome(of: chosen).measures.isEmpty)
      }
      let reads = GrayImages.reads.withLock { $0[folder + "/images.gray-7", default: []] }
      #expect(reads.sorted() == Array(0..<40))
      let features = try first.features()
      #expect(features.train.count + features.test.count == 39)
      #expect(features.train.classNames == ["cat", "dog", "emu", "fox"])
    }
  }

  @Test func recordsHoldAllThatAResultDependsOn() throws {
    try withTemporaryDirectory { folder in
      let evaluation = try EncoderEvaluation(
        encoder(seed: 0), images: EvaluationImages(data: folder + "/images.gray", heldOutShare: 0.3, seed: 5),
        output: folder + "/results")
      var neighbours = NearestNeighbours()
      neighbours.neighbours = [1, 3]
      let measured = try evaluation.measure(neighbours)
      #expect(!FileManager.default.fileExists(atPath: folder + "/results"))
      let record = try evaluation.run(neighbours)
      #expect(record.measures == measured.measures && record.measures.map(\.name) == ["1-NN", "3-NN"])
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      let written = try decoder.decode(
        EvaluationRecord<NearestNeighbours, NearestNeighbours.Result>.self,
        from: Data(contentsOf: URL(filePath: folder + "/results/knn.json")))
      #expect(written.settings == neighbours && written.measures == record.measures)
      #expect(written.result.votes.map(\.outcomes) == record.result.votes.map(\.outcomes))
      #expect((written.evaluation, written.version) == ("knn", NearestNeighbours.version))
      #expect(written.division == .init(kind: .heldOut, heldOutShare: 0.3, seed: 5))
      #expect((written.images.train, written.images.test, written.images.classes) == (28, 12, 4))
      #expect(written.data == folder + "/images.gray" && written.testData == nil && written.step == 0)
      #expect(written.remarks == ["30 % of the images of each class are held out (seed 5)."])
    }
  }

  /// What the images cannot satisfy is refused before any of them is read.
  @Test func settingsAreCheckedBeforeImagesAreRead() throws {
    try withTemporaryDirectory { folder in
      let evaluation = try EncoderEvaluation(
        encoder(seed: 0), images: EvaluationImages(data: folder + "/images.gray"), output: folder)
      var neighbours = NearestNeighbours()
      neighbours.neighbours = [5, 33]
      #expect(throws: EvaluationDataError.tooManyNeighbours(33, images: 32)) { try evaluation.run(neighbours) }
      var few = FewLabels()
      few.perClass = [9]
      let classes = ["'cat'", "'dog'", "'emu'", "'fox'"]
      #expect(throws: EvaluationDataError.scarceClasses(classes.map { .init(name: $0, images: 8) }, needed: 9)) {
        try evaluation.run(few)
      }
      #expect(throws: EvaluationDataError.noSuchClasses(["owl"], known: classes)) {
        try evaluation.run(OutlierEvaluation(.classes(["owl"])))
      }
      let missing = try OutlierEvaluation(.data(folder + "/nothing")).fitted(to: evaluation)
      #expect(throws: DatasetError.self) { try evaluation.run(missing) }
      var robustness = Robustness()
      robustness.severities = [6]
      #expect(throws: ProtocolSettingError.self) { try evaluation.run(robustness) }
      #expect(try OutlierEvaluation(.classes(["emu"])).fitted(to: evaluation).detection.neighbour == 24)
      #expect(GrayImages.reads.withLock { $0[folder + "/images.gray"] } == nil)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }
  }

  /// Robustness makes features of its own of the test images, so they are not read for it before.
  @Test func robustnessReadsOnlyTheTestImagesThatItTakes() throws {
    try withTemporaryDirectory { folder in
      let path = folder + "/images.gray"
      let evaluation = try EncoderEvaluation(encoder(seed: 0), images: EvaluationImages(data: path), output: folder)
      var robustness = Robustness()
      (robustness.corruptions, robustness.severities, robustness.images) = ([.fog], [1], 4)
      (robustness.classifier, robustness.neighbours) = (.knn, 1)
      #expect(try evaluation.measure(robustness).result.clean.images == 4)
      let reads = GrayImages.reads.withLock { $0[path, default: []] }
      let test = Set(positions(evaluation.division.test))
      #expect(Set(reads).intersection(test).count == 4)
      #expect(reads.count { !test.contains($0) } == 32)
    }
  }
}
