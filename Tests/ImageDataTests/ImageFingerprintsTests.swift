import Foundation
import TestSupport
import Testing
import Views

@testable import ImageData

@Suite struct ImageFingerprintsTests {
  /// Copies of files are found, whatever they are called; the same pixels in other files are not.
  @Test func copiesOfFilesAreFound() throws {
    try withTemporaryDirectory { folder in
      let path = try SyntheticImages.writeFolder("images", in: folder, classes: [("a", 3, 0), ("b", 3, 1)])
      try FileManager.default.copyItem(atPath: "\(path)/a/1.bmp", toPath: "\(path)/b/copy.bmp")
      let dataset = try Datasets.open(path: path, split: .train)
      let contents = try (0..<dataset.count).map { try dataset.image(at: $0).pixels }
      for dataset in [dataset, CachedImages(dataset, capacity: 1 << 20)] {
        let fingerprints = ImageFingerprints(count: dataset.count)
        for index in [0..<dataset.count, 0..<dataset.count].joined() {
          fingerprints.look(at: try dataset.source(at: index), index: index)
        }
        #expect(fingerprints.copies.images == dataset.count)
        var seen: [[UInt8]] = []
        var expected: [Int] = []
        for (index, pixels) in contents.enumerated() {
          if seen.contains(pixels) { expected.append(index) } else { seen.append(pixels) }
        }
        #expect(fingerprints.copies.pairs.map(\.copy) == expected && !expected.isEmpty)
        for pair in fingerprints.copies.pairs { #expect(contents[pair.copy] == contents[pair.original]) }
        let found = fingerprints.finish()
        fingerprints.look(at: try dataset.source(at: 0), index: 0)
        #expect(found == fingerprints.copies && found.pairs.map(\.copy) == expected)
      }
    }
  }

  /// A loader tells about every image that it reads, however many threads read.
  @Test(arguments: [0, 2]) func loadersTellAboutEveryImage(threads: Int) throws {
    try withTemporaryDirectory { folder in
      let dataset = try Datasets.open(path: try SyntheticImages.writeIDX(in: folder), split: .train)
      let fingerprints = ImageFingerprints(count: dataset.count)
      let loader = ViewLoader(
        dataset: dataset, groups: [DrawnViews(ViewRecipe(), count: 1)],
        configuration: LoaderConfiguration(batchSize: 16, threads: threads, channels: 1),
        skipped: SkippedImages(), fingerprints: fingerprints)
      for epoch in 0..<2 {
        loader.startEpoch(epoch)
        while try loader.next() != nil {}
      }
      loader.stop()
      let different = Set(try (0..<dataset.count).map { try dataset.image(at: $0).pixels }).count
      #expect(fingerprints.copies.images == dataset.count)
      #expect(fingerprints.copies.pairs.count == dataset.count - different)
    }
  }
}
