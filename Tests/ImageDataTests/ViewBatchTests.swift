import Foundation
import Testing
import Views

@testable import ImageData

@Suite struct ViewBatchTests {
  /// Image by image, a part holds what the batch does.
  @Test(arguments: [false, true]) func partsHoldTheImagesOfTheBatch(keepsImages: Bool) throws {
    let groups = [
      DrawnViews(ViewRecipe(size: 6), count: 3), DrawnViews(ViewRecipe(size: 4), count: 2),
      DrawnViews(ViewRecipe(size: 4), count: 2, isRendered: false),
    ]
    let loader = ViewLoader(
      dataset: StubDataset(count: 30), groups: groups,
      configuration: LoaderConfiguration(
        batchSize: 12, threads: 0, keepsImages: keepsImages, seed: 3),
      skipped: SkippedImages())
    loader.startEpoch(0)
    let batch = try #require(try loader.next())
    /// The bytes of a view of an image.
    func pixels(_ batch: ViewBatch, _ group: Int, view: Int, image: Int) -> [UInt8] {
      guard batch.groups[group].drawn.isRendered else { return [] }
      let values = batch.groups[group].drawn.size * batch.groups[group].drawn.size * 3
      return Array(
        batch.groups[group].pixels.bytes(
          from: (view * batch.indices.count + image) * values, count: values))
    }
    let parts = batch.split(into: 3)
    #expect(parts.map(\.indices) == [0, 4, 8].map { Array(batch.indices[$0..<$0 + 4]) })
    for (number, part) in parts.enumerated() {
      #expect(part.step == batch.step && part.epoch == batch.epoch && part.seed == batch.seed)
      #expect(part.images == (keepsImages ? Array(batch.images[number * 4..<number * 4 + 4]) : []))
      for group in groups.indices {
        for view in 0..<groups[group].count {
          for image in 0..<4 {
            let place = number * 4 + image
            #expect(
              part.groups[group].parameters[view][image]
                == batch.groups[group].parameters[view][place]
                && pixels(part, group, view: view, image: image)
                  == pixels(batch, group, view: view, image: place)
            )
          }
        }
      }
    }
    #expect(batch.split(into: 1)[0].groups[0].pixels === batch.groups[0].pixels)
  }
}
