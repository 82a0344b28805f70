import Corruptions
import ImageData
import Views

/// Images as an encoder sees them, resized and cropped.
struct CroppedImages: ImageDataset {
  let base: any ImageDataset
  let transform: EvaluationTransform

  var count: Int { base.count }
  var labels: [Int]? { base.labels }
  var classNames: [String]? { base.classNames }
  var summary: String { base.summary }
  var shards: [Range<Int>]? { base.shards }

  func name(at index: Int) -> String { base.name(at: index) }

  func source(at index: Int) throws(ImageError) -> any ImageSource {
    let image = try base.image(at: index)
    try image.checkChannels(transform.channels, name: name(at: index))
    var scratch = RenderScratch()
    return transform.cropped(image, scratch: &scratch)
  }
}

/// Images corrupted whenever they are asked for.
struct CorruptedImages: ImageDataset {
  let base: any ImageDataset
  let corruptor: Corruptor
  /// For each image the number that its random numbers belong to.
  let numbers: [Int]
  let seed: UInt64

  var count: Int { base.count }
  var labels: [Int]? { base.labels }
  var classNames: [String]? { base.classNames }
  var summary: String { "\(base.summary) under \(corruptor.corruption.rawValue)" }
  var shards: [Range<Int>]? { base.shards }

  func name(at index: Int) -> String { base.name(at: index) }

  func source(at index: Int) throws(ImageError) -> any ImageSource {
    try corruptor.corrupt(base.image(at: index), number: numbers[index], seed: seed)
  }
}
