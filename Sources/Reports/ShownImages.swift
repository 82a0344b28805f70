import ImageData
import RunRecords
import Views

extension ImageDataset {
  /// The image of a name, which is at a position unless images were left out or added since.
  /// - Throws: `RecordError` where it is no longer there; errors of the image.
  package func image(named name: String, expectedAt position: Int) throws -> Image {
    if position < count, self.name(at: position) == name { return try image(at: position) }
    guard let place = (0..<count).first(where: { self.name(at: $0) == name }) else {
      throw RecordError(
        path: name, reason: "is no longer among the images", advice: "Name the images that the run was trained on")
    }
    return try image(at: place)
  }
}
