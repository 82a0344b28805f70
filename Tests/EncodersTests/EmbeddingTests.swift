import Encoders
import Foundation
import HardViewPretraining
import ImageData
import NeuralNetworks
import RunConfiguration
import Safetensors
import TestSupport
import Testing
import Torch
import Views

/// Features of image files, row by row.
@Suite struct EmbeddingTests {
  /// The committed images, many of them damaged, in a folder of their own.
  private func photos(in folder: String, copies: Int = 1) throws -> String {
    let manager = FileManager.default
    let source = Fixtures.committed.appending(path: "images")
    for copy in 0..<copies {
      let target = "\(folder)/photos/\(copy)"
      try manager.createDirectory(atPath: target, withIntermediateDirectories: true)
      for name in try manager.contentsOfDirectory(atPath: source.path)
      where ["jpg", "png", "webp"].contains((name as NSString).pathExtension) && !name.contains("bomb") {
        try manager.createSymbolicLink(
          atPath: "\(target)/\(name)", withDestinationPath: source.appending(path: name).path)
      }
    }
    return folder + "/photos"
  }

  private func encoder() throws -> VisionEncoder { try ExportTests.encoder(.resnet18, ["width=8", "stem=cifar"]) }

  /// One image after the other, decoded and rendered by hand.
  @Test func rowsAreTheFeaturesOfTheFilesThatCanBeRead() throws {
    try withTemporaryDirectory { folder in
      let encoder = try encoder()
      let data = try encoder.open(photos(in: folder))
      let embeddings = try encoder.embed(data)
      let transform = encoder.configuration.transform
      var (names, rows, lost): ([String], [Tensor], [String]) = ([], [], [])
      var scratch = RenderScratch()
      for index in 0..<data.count {
        guard let image = try? data.image(at: index) else {
          lost.append(data.name(at: index))
          continue
        }
        var pixels = [Float](repeating: 0, count: transform.elementCount)
        pixels.withUnsafeMutableBufferPointer { transform.render(image, into: $0, scratch: &scratch) }
        let input = Tensor(pixels, shape: [1, 32, 32, 3]).permuted([0, 3, 1, 2])
        names.append(data.name(at: index))
        rows.append(withoutGradients { encoder.backbone(input, in: .evaluate) })
      }
      #expect(embeddings.names == names && embeddings.skipped.map(\.name) == lost && lost.count > 8)
      #expect(relativeError(embeddings.features, .concatenated(rows)) < 1e-5)
      #expect(embeddings.indices.map { data.name(at: $0) } == names)
      #expect(relativeError(try encoder.embed(files: [names[3]]).features, rows[3]) < 1e-5)
    }
  }

  @Test func everyFormatHoldsTheSameRows() throws {
    try withTemporaryDirectory { folder in
      let encoder = try encoder()
      let data = try encoder.open(photos(in: folder, copies: 2))
      let expected = try encoder.embed(data)
      let values = expected.features.scalars(as: Float.self)
      for ending in ["safetensors", "npy", "csv"] {
        let summary = try EmbeddingRun(encoder, of: data, to: "\(folder)/f.\(ending)").run()
        #expect(summary.shape == [expected.count, 64] && summary.skipped.map(\.name) == expected.skipped.map(\.name))
      }
      let file = try SafetensorsFile(path: folder + "/f.safetensors")
      try file.verifyChecksum()
      let names = try file.withBytes(of: "names") { try JSONDecoder().decode([String].self, from: Data($0)) }
      #expect(try file.floats("features") == values && names == expected.names)
      #expect(try file.integers("indices") == expected.indices && file.integers("labels") == expected.labels)
      #expect(try EncoderConfiguration(metadata: file.metadata, of: "") == encoder.configuration)
      #expect(file.metadata["classes"] == "[\"0\",\"1\"]")

      let array = try Data(contentsOf: URL(filePath: folder + "/f.npy"))
      let header = String(decoding: array[10..<10 + Int(array[8]) + 256 * Int(array[9])], as: UTF8.self)
      #expect(array.prefix(8) == Data([0x93] + Array("NUMPY".utf8) + [1, 0]) && header.count % 64 == 54)
      #expect(header.hasPrefix("{'descr': '<f4', 'fortran_order': False, 'shape': (\(expected.count), 64, ), }"))
      #expect(array.dropFirst(10 + header.utf8.count) == values.withUnsafeBytes { Data($0) })
      let lines = try String(contentsOfFile: folder + "/f.csv", encoding: .utf8).split(separator: "\n")
      let fields = lines.dropFirst().map { $0.split(separator: ",") }
      #expect(fields.flatMap { $0.dropFirst(3).map { Float($0)! } } == values)
      #expect(fields.map { String($0[1]) } == expected.names && fields.map { Int($0[2])! } == expected.labels)
      let list = try String(contentsOfFile: folder + "/f.names.csv", encoding: .utf8).split(separator: "\n")
      #expect(list.map { $0.split(separator: ",").count } == Array(repeating: 3, count: expected.count + 1))
    }
  }

  private struct Stop: Error {}

  /// Whenever it stops, it goes on, and ends with the same bytes.
  @Test(arguments: [1, 40, 90, 150])
  func goesOnWhereItStopped(after images: Int) throws {
    try withTemporaryDirectory { folder in
      let encoder = try encoder()
      let data = try encoder.open(photos(in: folder, copies: 3))
      let whole = try EmbeddingRun(encoder, of: data, to: folder + "/whole.safetensors", rowsPerPart: 32)
      let summary = try whole.run()
      #expect(summary.reused == 0)
      let path = folder + "/stopped.safetensors"
      #expect(throws: Stop.self) {
        try EmbeddingRun(encoder, of: data, to: path, rowsPerPart: 32).run { done, _ in
          if done >= images { throw Stop() }
        }
      }
      #expect(!FileManager.default.fileExists(atPath: path))
      let again = try EmbeddingRun(encoder, of: data, to: path, rowsPerPart: 32).run()
      #expect(again.skipped == summary.skipped && again.shape == summary.shape)
      #expect((again.reused > 0) == (images > 32))
      #expect(
        try Data(contentsOf: URL(filePath: path)) == Data(contentsOf: URL(filePath: folder + "/whole.safetensors")))
      #expect(!FileManager.default.fileExists(atPath: path + ".partial"))
    }
  }

  /// Parts that were there are used, whoever has made them; the file has the same bytes.
  @Test(arguments: [2, 3]) func workersWriteTheFileOfOne(count: Int) throws {
    try withTemporaryDirectory { folder in
      let data = try encoder().open(photos(in: folder, copies: 3))
      let summary = try onWorkers(1) { _ in
        try EmbeddingRun(encoder(), of: data, to: folder + "/whole.safetensors", rowsPerPart: 32).run()
      }[0]
      let path = folder + "/shared.safetensors"
      // The second worker is stopped in its second part, or at the beginning of the only one.
      let failures = try onWorkers(count) { workers in
        do {
          _ = try EmbeddingRun(encoder(), of: data, to: path, rowsPerPart: 32).run { done, _ in
            if workers.rank == 1, done > 20 { throw Stop() }
          }
          return "none"
        } catch {
          return "\(type(of: error))"
        }
      }
      #expect(failures[1] == "Stop" && failures[0] == "OtherWorkerError")
      #expect(!FileManager.default.fileExists(atPath: path))
      let summaries = try onWorkers(count) { _ in
        try EmbeddingRun(encoder(), of: data, to: path, rowsPerPart: 32).run()
      }
      #expect(summaries.allSatisfy { $0 == summaries[0] })
      #expect(summaries[0].shape == summary.shape && summaries[0].skipped == summary.skipped)
      #expect(summaries[0].reused > 0)
      let files = try [folder + "/whole.safetensors", path].map { try Data(contentsOf: URL(filePath: $0)) }
      #expect(files[0] == files[1])
    }
  }

  @Test func partsOfOtherFeaturesAreLeftAlone() throws {
    try withTemporaryDirectory { folder in
      let encoder = try encoder()
      let data = try encoder.open(photos(in: folder))
      let path = folder + "/f.safetensors"
      #expect(throws: Stop.self) { try EmbeddingRun(encoder, of: data, to: path).run { _, _ in throw Stop() } }
      var options = EncoderOptions(backbone: .resnet18, seed: 4)
      for setting in ["width=8", "stem=cifar"] { try options.settings.set("backbone.\(setting)") }
      let other = try VisionEncoder("random", options: options)
      let error = #expect(throws: EmbeddingError.self) { try EmbeddingRun(other, of: data, to: path).run() }
      guard case .otherParts(let differences) = error?.problem else { throw error! }
      #expect(differences.count == 1 && differences[0].hasPrefix("weights: "))
      let fewer = Subset(data, indices: [0, 1])
      #expect(
        #expect(throws: EmbeddingError.self) { try EmbeddingRun(encoder, of: fewer, to: path).run() }?.description
          .contains("images: \(data.count) there, 2 now") == true)
      #expect(try EmbeddingRun(encoder, of: data, to: path).run().shape[1] == 64)
      let again = #expect(throws: EmbeddingError.self) { try EmbeddingRun(encoder, of: data, to: path) }
      #expect(again?.problem == .exists)
    }
  }

  @Test func namesBesideAnArrayAreNotReplaced() throws {
    try withTemporaryDirectory { folder in
      let encoder = try encoder()
      let data = try encoder.open(photos(in: folder))
      let (path, names) = (folder + "/f.npy", folder + "/f.names.csv")
      try "mine".write(toFile: names, atomically: true, encoding: .utf8)
      let error = #expect(throws: EmbeddingError.self) { try EmbeddingRun(encoder, of: data, to: path) }
      #expect(error?.path == names && error?.problem == .exists)
      #expect(try String(contentsOfFile: names, encoding: .utf8) == "mine")
      // A try that was killed after the names and before the array goes on.
      try FileManager.default.removeItem(atPath: names)
      #expect(throws: Stop.self) { try EmbeddingRun(encoder, of: data, to: path).run { _, _ in throw Stop() } }
      try "index,name,label\n".write(toFile: names, atomically: true, encoding: .utf8)
      let rows = try EmbeddingRun(encoder, of: data, to: path).run().shape[0]
      #expect(try String(contentsOfFile: names, encoding: .utf8).split(separator: "\n").count == rows + 1)
    }
  }

  @Test func whatCannotBeWrittenIsRefusedBeforeAnythingIsRead() throws {
    try withTemporaryDirectory { folder in
      let encoder = try encoder()
      let none = ImageFiles([])
      for (ending, kind, part) in [
        ("txt", FeatureKind.pooled, "one of .safetensors, .npy, .csv, .parquet"),
        ("csv", .patches, "choose --features pooled"),
        ("parquet", .patches, "choose --features pooled"),
        ("npy", .classToken, "has no class token"),
      ] {
        let error = #expect(throws: (any Error).self) {
          try EmbeddingRun(encoder, of: none, features: kind, to: "\(folder)/f.\(ending)")
        }
        #expect("\(error!)".contains(part))
      }
      let empty = ImageFiles([Fixtures.path("images/empty.jpg")])
      #expect(throws: LoaderError.self) { try EmbeddingRun(encoder, of: empty, to: folder + "/f.npy").run() }
    }
  }

  /// Places average to the pooled features, also where sides are odd; the class token is what evaluations use.
  @Test(arguments: [
    (BackboneConfiguration.Name.resnet18, ["width=8", "stem=cifar"], 37), (.resnet18, ["width=8"], 65),
    (.vitTiny, ExportTests.transformer, 32), (.vitTiny, ExportTests.transformer + ["register_tokens=3"], 48),
  ])
  func kindsOfFeaturesBelongTogether(name: BackboneConfiguration.Name, settings: [String], side: Int) throws {
    var encoder = try ExportTests.encoder(name, settings)
    encoder.configuration = try encoder.configuration.seeing(resize: side, crop: side)
    let images = Tensor.normal([3, 3, side, side], using: Generator(seed: 2))
    let patches = try encoder.features(.patches, of: images)
    let pooled = try encoder.features(.pooled, of: images)
    #expect(relativeError(patches.mean(along: 1), pooled) < 1e-5)
    let whole = withoutGradients { encoder.backbone(images, in: .evaluate) }
    #expect(relativeError(try encoder.features(of: images), whole) < 1e-6)
    if encoder.standardFeatures == .classToken { #expect(relativeError(pooled, whole) > 1e-3) }
    try withTemporaryDirectory { folder in
      let file = ImageFiles([Fixtures.path("images/dot.png")])
      let summary = try EmbeddingRun(encoder, of: file, features: .patches, to: folder + "/p.npy").run()
      #expect(summary.shape == [1] + patches.shape[1...])
    }
  }

  @Test(.oneAtATime, arguments: otherDevices) func featuresAreTheSameOnAnotherDevice(device: Device) throws {
    try withTemporaryDirectory { folder in
      let expected = try encoder().embed(photos(in: folder))
      let neighbours = try expected.neighbours(of: expected.selecting([3, 8]), count: 3)
      try withDevice(device) {
        let encoder = try encoder()
        let data = try encoder.open(folder + "/photos")
        let found = try encoder.embed(data)
        #expect(found.features.device == .cpu && found.names == expected.names)
        #expect(relativeError(found.features, expected.features) < 1e-4)
        let near = try found.neighbours(of: found.selecting([3, 8]), count: 3)
        for (one, other) in zip(near.joined(), neighbours.joined()) {
          #expect(abs(one.similarity - other.similarity) < 1e-4)
        }
        _ = try EmbeddingRun(encoder, of: data, to: folder + "/f.safetensors").run()
      }
      let values = try SafetensorsFile(path: folder + "/f.safetensors").floats("features")
      #expect(relativeError(Tensor(values, shape: expected.features.shape), expected.features) < 1e-4)
    }
  }

  /// By brute force, with the image itself left out.
  @Test func neighboursAreThoseOfLargestCosine() throws {
    try withTemporaryDirectory { folder in
      let encoder = try encoder()
      let all = try encoder.embed(photos(in: folder))
      let queries = all.selecting([5, 0, 17])
      let found = try all.neighbours(of: queries, count: 4)
      let rows: [[Double]] = all.features.rows()
      func cosine(_ a: [Double], _ b: [Double]) -> Double {
        func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).map { $0 * $1 }.reduce(0, +) }
        return dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
      }
      for (query, neighbours) in zip([5, 0, 17], found) {
        let cosines = rows.indices.filter { $0 != query }.map { cosine(rows[query], rows[$0]) }.sorted(by: >)
        #expect(neighbours.count == 4)
        for (neighbour, expected) in zip(neighbours, cosines) {
          let row = try #require(all.indices.firstIndex(of: neighbour.index))
          #expect(abs(neighbour.similarity - expected) < 1e-5 && abs(cosine(rows[query], rows[row]) - expected) < 1e-5)
          #expect(neighbour.name == all.names[row] && row != query)
        }
      }
      #expect(try all.selecting([1, 2]).neighbours(of: queries, count: 9).map(\.count) == [2, 2, 2])
    }
  }
}
