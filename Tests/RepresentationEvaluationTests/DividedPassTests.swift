import ImageData
import NeuralNetworks
import TestSupport
import Testing
import Torch
import Views

@testable import RepresentationEvaluation

/// Workers that evaluate a part of the images each, held against one that evaluates all.
@Suite struct DividedPassTests {
  /// Gray images, of which some cannot be read.
  private struct Images: ImageDataset {
    let count: Int
    let broken: Set<Int>
    var labels: [Int]? { (0..<count).map { $0 % 3 } }
    let classNames: [String]? = ["a", "b", "c"]
    let summary = "made up"

    func name(at index: Int) -> String { "image \(index)" }

    func source(at index: Int) throws(ImageError) -> any ImageSource {
      if broken.contains(index) {
        throw ImageError(path: name(at: index), problem: .corrupt(format: "gray", reason: "on purpose"))
      }
      let pixels = (0..<256).map { UInt8(truncatingIfNeeded: $0 * (index % 3 * 7 + 1) + index * 5) }
      return Image(width: 16, height: 16, channels: 1, pixels: pixels)
    }
  }

  private struct Result: Sendable, Equatable {
    var features: [Float] = []
    var labels: [Int] = []
    var indices: [Int] = []
    var pairs: [Float] = []
    var places: [[Int?]] = []
    var skipped: [Int] = []
  }

  private let transform = EvaluationTransform(
    resize: 16, crop: 16, interpolation: .bilinear, normalization: .init(mean: [0.5], standardDeviation: [0.25]),
    channels: 1)

  private func backbone() -> any Backbone {
    var configuration = BackboneConfiguration()
    (configuration.width, configuration.stem, configuration.channels) = (4, .cifar, 1)
    return configuration.makeBackbone(using: Generator(seed: 1))
  }

  private func evaluate(_ images: Images) throws -> Result {
    let (backbone, skipped) = (backbone(), SkippedImages(maximumShare: 0.5))
    let features = try extractFeatures(
      of: images, with: backbone, transform: transform, threads: 0, skipped: skipped, batchSize: 4)
    var recipe = ViewRecipe()
    recipe.size = 8
    let views = PairedViews(
      of: images, transform: transform, recipe: recipe, threads: 0, capacity: 1 << 20,
      skipped: SkippedImages(maximumShare: 0.5))
    let pairs = try views.features(with: backbone, dtype: .float32)
    // Again, from what was kept.
    let again = try views.features(with: backbone, dtype: .float32)
    #expect(again.indices == pairs.indices)
    var protocolOfPaper = NearestNeighbours()
    protocolOfPaper.neighbours = [1, 3]
    let outcomes = try protocolOfPaper.outcomes(leavingOneOut: features)
    return Result(
      features: features.features.scalars(), labels: features.labels, indices: pairs.indices,
      pairs: Tensor.concatenated([pairs.centered, again.augmented]).scalars(), places: outcomes.map(\.places),
      skipped: skipped.records.map(\.index))
  }

  /// Also where a worker has nothing that can be read, or nothing at all.
  @Test(arguments: [(20, []), (21, [0, 3, 20]), (9, [6, 7, 8]), (2, [])] as [(Int, Set<Int>)], [2, 3])
  func findWhatOneFinds(images: (count: Int, broken: Set<Int>), workers: Int) throws {
    let images = Images(count: images.count + 3, broken: images.broken)
    let whole = try onWorkers(1) { _ in try evaluate(images) }[0]
    #expect(whole.skipped == images.broken.sorted() && whole.labels.count == images.count - images.broken.count)
    for part in try onWorkers(workers, { _ in try evaluate(images) }) {
      #expect(part.labels == whole.labels && part.indices == whole.indices && part.skipped == whole.skipped)
      #expect(part.places == whole.places)
      for (one, other) in [(whole.features, part.features), (whole.pairs, part.pairs)] {
        #expect(one.count == other.count)
        #expect(zip(one, other).allSatisfy { abs($0 - $1) < 1e-4 * max(1, abs($0)) })
      }
    }
  }

  /// Too many on all workers together, though not on each: all say so, with the number.
  @Test func tooManyThatCannotBeReadAreTooManyForAll() throws {
    let images = Images(count: 20, broken: [0, 1, 2, 10, 11])
    let messages = try onWorkers(2) { _ in
      let error = #expect(throws: LoaderError.self) {
        try extractFeatures(
          of: images, with: backbone(), transform: transform, threads: 0, skipped: SkippedImages(maximumShare: 0.2))
      }
      return "\(String(describing: error))"
    }
    for message in messages { #expect(message.contains("count: 5") || message.contains("5 of 20"), "\(message)") }
  }

  /// A worker that fails ends the pass of all.
  @Test func aFailureOfOneIsThatOfAll() throws {
    let failures = try onWorkers(2) { workers in
      let images = Images(count: 12, broken: workers.rank == 1 ? Set(6..<12) : [])
      do {
        _ = try extractFeatures(
          of: images, with: backbone(), transform: transform, threads: 0, skipped: SkippedImages(maximumShare: 0.1))
        return "none"
      } catch {
        return "\(error)"
      }
    }
    #expect(failures[0] == failures[1] && failures[0].hasPrefix("Worker 1 ended: "), "\(failures)")
  }
}
