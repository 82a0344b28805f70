import ImageData
import Views

/// The images of another dataset, all decoded and held in memory.
struct DecodedImages: ImageDataset {
  let images: [Image]
  let labels: [Int]? = nil
  let classNames: [String]? = nil
  let summary = "decoded images"

  /// Decodes all images.
  init(_ dataset: any ImageDataset) throws {
    images = try (0..<dataset.count).map { try dataset.image(at: $0) }
  }

  var count: Int { images.count }

  func source(at index: Int) -> any ImageSource { images[index] }
  func name(at index: Int) -> String { "image \(index)" }
}
