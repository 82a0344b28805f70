import Testing
import Views

@testable import ImageData

/// Several recipes at once, other sizes, other formats.
@Suite struct ViewGroupsTests {
  static let global = ViewRecipe(size: 10)
  static let local = ViewRecipe(size: 4, crop: CropRecipe(scale: [0.05, 0.4], interpolation: .bicubic))

  private func loader(
    _ groups: [DrawnViews], threads: Int = 2, format: PixelFormat = .float32, keepsImages: Bool = false
  ) -> ViewLoader {
    ViewLoader(
      dataset: StubDataset(count: 23, broken: [4]), groups: groups,
      configuration: LoaderConfiguration(
        batchSize: 5, threads: threads, dropsLast: false, format: format, keepsImages: keepsImages, seed: 3),
      skipped: SkippedImages())
  }

  private func batches(_ loader: ViewLoader) throws -> [ViewBatch] {
    loader.startEpoch(1)
    var batches: [ViewBatch] = []
    while let batch = try loader.next() { batches.append(batch) }
    return batches
  }

  /// Every view of every group is the one that its parameters render.
  @Test(arguments: [0, 3]) func everyGroupLiesWhereItSays(threads: Int) throws {
    let groups = [DrawnViews(Self.global, count: 2), DrawnViews(Self.local, count: 3)]
    let dataset = StubDataset(count: 23)
    var scratch = RenderScratch()
    for batch in try batches(loader(groups, threads: threads)) {
      #expect(batch.groups.count == 2)
      for (number, group) in batch.groups.enumerated() {
        let renderer = ViewRenderer(recipe: groups[number].recipe, channels: 3)
        let pixels = group.pixels.bytes().bindMemory(to: Float.self)
        #expect(pixels.count == groups[number].count * batch.indices.count * renderer.elementCount)
        for (slot, index) in batch.indices.enumerated() {
          let image = try dataset.image(at: index)
          let drawn = groups[number].parameters(
            group: number, seed: 3, epoch: 1, sample: index, width: image.width, height: image.height)
          for view in 0..<groups[number].count {
            #expect(group.parameters[view][slot] == drawn[view])
            var expected = [Float](repeating: .nan, count: renderer.elementCount)
            expected.withUnsafeMutableBytes {
              renderer.render(ImagePart(image), drawn[view], into: $0, scratch: &scratch)
            }
            let start = (view * batch.indices.count + slot) * renderer.elementCount
            #expect(Array(pixels[start..<start + renderer.elementCount]) == expected)
          }
        }
      }
    }
  }

  /// More views of one group leave those of all others as they are.
  @Test func groupsAreDrawnIndependently() throws {
    let few = try batches(loader([DrawnViews(Self.global, count: 1), DrawnViews(Self.local, count: 2)]))
    let many = try batches(loader([DrawnViews(Self.global, count: 4), DrawnViews(Self.local, count: 2)]))
    for (first, second) in zip(few, many) {
      #expect(first.groups[1].parameters == second.groups[1].parameters)
      #expect(first.groups[0].parameters[0] == second.groups[0].parameters[0])
      #expect(first.groups[0].parameters[0].map(\.crop) != first.groups[1].parameters[0].map(\.crop))
    }
  }

  /// Rendered small for choosing; the chosen ones are then what a loader of full views gives.
  @Test(arguments: PixelFormat.allCases) func chosenViewsAreRenderedInFull(format: PixelFormat) throws {
    let small = try batches(loader([DrawnViews(Self.global, count: 4, size: 5)], format: format, keepsImages: true))
    let full = try batches(loader([DrawnViews(Self.global, count: 4)], format: format))
    for (small, full) in zip(small, full) {
      #expect(small.groups[0].parameters == full.groups[0].parameters)
      #expect(small.groups[0].pixels.count * 4 == full.groups[0].pixels.count)
      let count = small.indices.count
      let chosen = [(0..<count).map { $0 % 4 }, (0..<count).map { 3 - $0 % 4 }]
      expectViews(
        small.rendered(group: 0, chosen: chosen, threads: 3), chosen: chosen, of: full.groups[0], elements: 10 * 10 * 3)
    }
  }

  /// Views that are only drawn take no room, and can be rendered afterwards at any size.
  @Test func drawnViewsAreRenderedOnDemand() throws {
    let drawn = try batches(
      loader(
        [DrawnViews(Self.global, count: 4, isRendered: false), DrawnViews(Self.local, count: 2)], keepsImages: true))
    let full = try batches(loader([DrawnViews(Self.global, count: 4), DrawnViews(Self.local, count: 2)]))
    let small = try batches(loader([DrawnViews(Self.global, count: 4, size: 5)]))
    for (index, drawn) in drawn.enumerated() {
      #expect(drawn.groups[0].pixels.count == 0)
      #expect(drawn.groups[1].pixels.bytes().elementsEqual(full[index].groups[1].pixels.bytes()))
      let chosen = [(0..<drawn.indices.count).map { ($0 + 1) % 4 }]
      expectViews(
        drawn.rendered(group: 0, chosen: chosen, threads: 1), chosen: chosen, of: full[index].groups[0],
        elements: 10 * 10 * 3)
      expectViews(
        drawn.rendered(group: 0, chosen: chosen, size: 5, threads: 2), chosen: chosen, of: small[index].groups[0],
        elements: 5 * 5 * 3)
    }
  }

  /// Whether every slot holds for every image the chosen view of a group that holds all.
  private func expectViews(_ rendered: PixelBuffer, chosen: [[Int]], of group: ViewBatch.Group, elements: Int) {
    let count = chosen[0].count
    for slot in chosen.indices {
      for image in 0..<count {
        let mine = rendered.bytes(from: (slot * count + image) * elements, count: elements)
        let theirs = group.pixels.bytes(from: (chosen[slot][image] * count + image) * elements, count: elements)
        #expect(mine.elementsEqual(theirs))
      }
    }
  }

  @Test func timeIsAccountedFor() throws {
    for batch in try batches(loader([DrawnViews(ViewRecipe(size: 64), count: 8)], threads: 0)) {
      #expect(batch.times.rendering > 0 && batch.times.reading > 0 && batch.times.decoding > 0)
      #expect(batch.times.waiting >= batch.times.reading + batch.times.decoding + batch.times.rendering)
    }
  }

  /// What crops need together, against counting.
  @Test func needsAreTheSmallestBoxAndTheCoarsestGrid() {
    let crops = [
      CropBox(top: 10, left: 30, height: 100, width: 80), CropBox(top: 40, left: 5, height: 300, width: 200),
    ]
    let need = PixelNeed(crops: crops, size: 10, margin: 2)
    #expect(need == PixelNeed(box: CropBox(top: 10, left: 5, height: 330, width: 200), reduction: 4))
    #expect(PixelNeed(crops: crops, size: 10, margin: 1).reduction == 8)
    #expect(PixelNeed(crops: crops, size: 10, margin: 0).reduction == 1)
    #expect(PixelNeed(crops: crops, size: 100, margin: 2).reduction == 1)
    let other = PixelNeed(box: CropBox(top: 0, left: 50, height: 20, width: 500), reduction: 2)
    #expect(
      need.union(other) == PixelNeed(box: CropBox(top: 0, left: 5, height: 340, width: 545), reduction: 2))
  }
}
