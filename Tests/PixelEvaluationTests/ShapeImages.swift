import ImageData
import NeuralNetworks
import Synchronization
import Torch
import Views

@testable import PixelEvaluation

/// Small gray images of three classes: a bright bar that lies, stands, or is a square, somewhere on dark noise.
struct ShapeImages: ImageDataset {
  let count: Int
  let seed: UInt64
  /// How many places there are along each side; fewer make it easier.
  var places = 4
  let side = 16

  var labels: [Int]? { (0..<count).map { $0 % 3 } }
  var classNames: [String]? { ["lying", "standing", "square"] }
  var summary: String { "\(count) shapes" }

  func name(at index: Int) -> String { "shape \(index)" }

  func source(at index: Int) throws(ImageError) -> any ImageSource {
    var random = ViewRandom(seed: seed, epoch: 0, sample: index, view: 0)
    let (width, height) = [(12, 3), (3, 12), (6, 6)][index % 3]
    let (left, top) = (random.integer(below: places), random.integer(below: places))
    let pixels = (0..<side * side).map { place -> UInt8 in
      let (x, y) = (place % side, place / side)
      let isInside = (left..<left + width).contains(x) && (top..<top + height).contains(y)
      return UInt8(random.integer(below: 120)) + (isInside ? 80 : 0)
    }
    return Image(width: side, height: side, channels: 1, pixels: pixels)
  }
}

/// A task of a small transformer on shapes.
func shapesTask(trainingImages: Int = 90, testImages: Int = 60) -> EncoderTask {
  var configuration = BackboneConfiguration()
  configuration.name = .vitTiny
  configuration.width = 32
  configuration.depth = 2
  configuration.patchSize = 4
  configuration.imageSize = 16
  configuration.channels = 1
  return EncoderTask(
    backbone: configuration.makeBackbone(using: Generator(seed: 1)), configuration: configuration,
    transform: EvaluationTransform(
      resize: 16, crop: 16, interpolation: .bilinear,
      normalization: Normalization(mean: [0.3], standardDeviation: [0.3]), channels: 1),
    train: ShapeImages(count: trainingImages, seed: 1), test: ShapeImages(count: testImages, seed: 2), threads: 1)
}

/// Images of which some cannot be read, and how often each was asked for.
struct UnreadableImages: ImageDataset {
  let base: any ImageDataset
  let unreadable: Set<Int>
  let reads = Tally()

  var count: Int { base.count }
  var labels: [Int]? { base.labels }
  var classNames: [String]? { base.classNames }
  var summary: String { base.summary }

  func name(at index: Int) -> String { base.name(at: index) }

  func source(at index: Int) throws(ImageError) -> any ImageSource {
    reads.add(index)
    if unreadable.contains(index) {
      throw ImageError(path: name(at: index), problem: .corrupt(format: "shape", reason: "broken on purpose"))
    }
    return try base.source(at: index)
  }
}

/// Counts images, on any thread.
final class Tally: Sendable {
  private let tally = Mutex<[Int: Int]>([:])

  var counts: [Int: Int] { tally.withLock { $0 } }

  func add(_ index: Int) { tally.withLock { $0[index, default: 0] += 1 } }
}
