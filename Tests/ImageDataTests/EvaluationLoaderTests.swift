import Testing
import Views

@testable import ImageData

@Suite(.timeLimit(.minutes(2))) struct EvaluationLoaderTests {
  static let transform = EvaluationTransform(
    resize: 8, crop: 6, interpolation: .bilinear, normalization: Normalization(mean: [0.5], standardDeviation: [0.2]),
    channels: 1)

  struct Content: Equatable {
    var indices: [Int]
    var labels: [Int]?
    var pixels: [Float]
  }

  static func contents(
    _ dataset: any ImageDataset, threads: Int, skipped: SkippedImages = SkippedImages()
  ) throws -> [Content] {
    var contents: [Content] = []
    let loader = EvaluationLoader(
      dataset: dataset, transform: transform, batchSize: 8, threads: threads, skipped: skipped)
    try loader.forEachBatch { batch in
      contents.append(
        Content(
          indices: batch.indices, labels: batch.labels,
          pixels: Array(batch.pixels.bytes().bindMemory(to: Float.self))))
    }
    return contents
  }

  @Test(arguments: [0, 1, 4]) func goesThroughInOrder(threads: Int) throws {
    let dataset = StubDataset(labels: (0..<30).map { $0 % 3 })
    let contents = try Self.contents(dataset, threads: threads)
    #expect(contents.map(\.indices.count) == [8, 8, 8, 6])
    #expect(contents.flatMap(\.indices) == Array(0..<30))
    #expect(contents.flatMap { $0.labels ?? [] } == dataset.labels)

    var scratch = RenderScratch()
    let expected = try (0..<30).flatMap { index in
      var values = [Float](repeating: .nan, count: Self.transform.elementCount)
      let image = try dataset.image(at: index)
      values.withUnsafeMutableBufferPointer { Self.transform.render(image, into: $0, scratch: &scratch) }
      return values
    }
    #expect(contents.flatMap(\.pixels) == expected)
  }

  @Test(arguments: [0, 3]) func leavesBrokenImagesOut(threads: Int) throws {
    let broken: Set = [0, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 29]
    let skipped = SkippedImages(maximumShare: 0.5)
    let contents = try Self.contents(StubDataset(count: 30, broken: broken), threads: threads, skipped: skipped)
    let whole = try Self.contents(StubDataset(count: 30), threads: 0)
    #expect(contents.map(\.indices.count) == [4, 8, 5])
    #expect(contents.allSatisfy { $0.labels == nil })
    let kept = (0..<30).filter { !broken.contains($0) }
    #expect(contents.flatMap(\.indices) == kept)
    #expect(skipped.records.map(\.index) == broken.sorted())
    let size = Self.transform.elementCount
    let pixels = whole.flatMap(\.pixels)
    let expected: [Float] = kept.flatMap { pixels[$0 * size..<($0 + 1) * size] }
    #expect(contents.flatMap(\.pixels) == expected)
  }

  /// The augmented view is drawn for the image's position alone, and lies behind the middle of the image.
  @Test(arguments: [0, 3]) func drawsTheSameAugmentedViewEveryTime(threads: Int) throws {
    var recipe = ViewRecipe()
    recipe.size = 5
    recipe.normalization = Self.transform.normalization
    let dataset = StubDataset(count: 30, broken: [2, 7])
    let loader = EvaluationLoader(
      dataset: dataset, transform: Self.transform, augmentation: recipe, batchSize: 8, threads: threads,
      skipped: SkippedImages(maximumShare: 0.5))
    let renderer = ViewRenderer(recipe: recipe, channels: 1)
    var scratch = RenderScratch()
    for _ in 0..<2 {
      var (indices, pixels): ([Int], [Float]) = ([], [])
      try loader.forEachBatch { batch in
        indices += batch.indices
        pixels += Array(batch.pixels.bytes().bindMemory(to: Float.self))
      }
      #expect(indices == (0..<30).filter { ![2, 7].contains($0) })
      let expected = try indices.flatMap { index in
        let image = try dataset.image(at: index)
        var values = [Float](repeating: .nan, count: Self.transform.elementCount + renderer.elementCount)
        var random = ViewRandom(seed: 0, epoch: 0, sample: index, view: 0, stream: RandomStream.evaluation)
        let drawn = recipe.drawParameters(width: image.width, height: image.height, using: &random)
        values.withUnsafeMutableBytes { bytes in
          let start = Self.transform.elementCount * 4
          Self.transform.render(image, as: .float32, into: bytes, scratch: &scratch)
          renderer.render(
            ImagePart(image), drawn, into: UnsafeMutableRawBufferPointer(rebasing: bytes[start...]), scratch: &scratch)
        }
        return values
      }
      #expect(pixels == expected)
    }
  }

  @Test(arguments: [0.1, 1]) func givesUpWhereTooLittleDecodes(share: Double) throws {
    let dataset = StubDataset(count: 30, broken: Set(0..<30))
    #expect(throws: LoaderError.self) {
      try Self.contents(dataset, threads: 2, skipped: SkippedImages(maximumShare: share))
    }
  }

  @Test func theBodysErrorEndsThePass() throws {
    struct Enough: Error, Equatable {}
    var seen = 0
    let loader = EvaluationLoader(
      dataset: StubDataset(count: 500), transform: Self.transform, batchSize: 8, threads: 2,
      skipped: SkippedImages())
    #expect(throws: Enough()) {
      try loader.forEachBatch { _ in
        seen += 1
        if seen == 2 { throw Enough() }
      }
    }
    #expect(seen == 2)
  }
}
