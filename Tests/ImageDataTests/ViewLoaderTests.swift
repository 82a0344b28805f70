import Foundation
import Testing
import Views

@testable import ImageData

@Suite(.timeLimit(.minutes(2))) struct ViewLoaderTests {
  static let recipe = ViewRecipe(size: 6)

  /// What a batch holds, for comparing.
  struct Content: Equatable {
    var step: Int
    var indices: [Int]
    var parameters: [[ViewParameters]]
    var pixels: [UInt32]

    init(_ batch: ViewBatch) {
      step = batch.step
      indices = batch.indices
      parameters = batch.groups.flatMap(\.parameters)
      pixels = batch.groups.flatMap { Array($0.pixels.bytes().bindMemory(to: UInt32.self)) }
    }
  }

  static func loader(
    _ dataset: any ImageDataset, batchSize: Int = 7, views: Int = 3, threads: Int = 2, prefetched: Int = 2,
    dropsLast: Bool = true, channels: Int = 3, seed: UInt64 = 11, skipped: SkippedImages = SkippedImages()
  ) -> ViewLoader {
    ViewLoader(
      dataset: dataset, groups: [DrawnViews(recipe, count: views)],
      configuration: LoaderConfiguration(
        batchSize: batchSize, threads: threads, prefetchedBatches: prefetched,
        dropsLast: dropsLast, channels: channels, seed: seed), skipped: skipped)
  }

  static func drain(_ loader: ViewLoader) throws -> [Content] {
    var contents: [Content] = []
    while let batch = try loader.next() { contents.append(Content(batch)) }
    return contents
  }

  @Test func batchesAreTheSameForAnyNumberOfThreads() throws {
    let dataset = StubDataset(count: 60, broken: [3, 59])
    var expected: [[Content]]?
    for (threads, prefetched) in [(0, 1), (1, 1), (2, 3), (4, 2), (4, 20)] {
      let loader = Self.loader(dataset, threads: threads, prefetched: prefetched)
      let epochs = try [0, 1, 5].map { epoch in
        loader.startEpoch(epoch)
        return try Self.drain(loader)
      }
      #expect(epochs.map(\.count) == [8, 8, 8])
      #expect(expected == nil || epochs == expected, "\(threads) threads differ from none")
      expected = epochs
    }
  }

  @Test func anEpochShowsEveryImageOnce() throws {
    let loader = Self.loader(StubDataset(count: 20), dropsLast: false)
    #expect(loader.batchesPerEpoch == 3)
    loader.startEpoch(0)
    let first = try Self.drain(loader)
    #expect(first.map(\.indices.count) == [7, 7, 6])
    #expect(first.map(\.step) == [0, 1, 2])
    #expect(first.flatMap(\.indices).sorted() == Array(0..<20))
    #expect(try loader.next() == nil)
    loader.startEpoch(1)
    #expect(try Self.drain(loader).flatMap(\.indices) != first.flatMap(\.indices))

    let dropping = Self.loader(StubDataset(count: 20))
    #expect(dropping.batchesPerEpoch == 2)
    dropping.startEpoch(0)
    #expect(try Self.drain(dropping) == Array(first.prefix(2)))
  }

  @Test func pixelsAreTheRenderedViews() throws {
    let dataset = StubDataset(count: 10)
    let loader = Self.loader(dataset, batchSize: 5, views: 2)
    loader.startEpoch(4)
    var scratch = RenderScratch()
    let renderer = ViewRenderer(recipe: Self.recipe, channels: 3)
    while let batch = try loader.next() {
      let group = batch.groups[0]
      #expect(group.drawn.size == 6 && batch.channels == 3 && group.pixels.count == 2 * 5 * 6 * 6 * 3)
      #expect(Int(bitPattern: group.pixels.base) % 64 == 0)
      let pixels = group.pixels.bytes().bindMemory(to: Float.self)
      for (slot, index) in batch.indices.enumerated() {
        let image = try dataset.image(at: index)
        for view in 0..<2 {
          var random = ViewRandom(seed: 11, epoch: 4, sample: index, view: view)
          let parameters = Self.recipe.drawParameters(width: image.width, height: image.height, using: &random)
          #expect(group.parameters[view][slot] == parameters)
          var expected = [Float](repeating: .nan, count: renderer.elementCount)
          expected.withUnsafeMutableBytes {
            renderer.render(ImagePart(image), parameters, into: $0, scratch: &scratch)
          }
          let start = (view * 5 + slot) * renderer.elementCount
          #expect((0..<renderer.elementCount).allSatisfy { pixels[start + $0] == expected[$0] })
        }
      }
    }
  }

  @Test(arguments: [0, 3]) func resumingGivesTheTail(threads: Int) throws {
    let dataset = StubDataset(count: 50, broken: [7])
    let whole = Self.loader(dataset, threads: threads)
    whole.startEpoch(2)
    let all = try Self.drain(whole)
    for batch in 0...whole.batchesPerEpoch {
      let resumed = Self.loader(dataset, threads: threads)
      resumed.startEpoch(2, atBatch: batch)
      #expect(try Self.drain(resumed) == Array(all.dropFirst(batch)))
    }
  }

  @Test func jumpingDropsWhatWasPrefetched() throws {
    let loader = Self.loader(StubDataset(count: 50), threads: 3)
    loader.startEpoch(0)
    let first = try #require(try loader.next())
    loader.startEpoch(3, atBatch: 2)
    #expect(try loader.next()?.step == 2)
    loader.startEpoch(0)
    #expect(Content(try #require(try loader.next())) == Content(first))
  }

  @Test func theQueueIsBounded() throws {
    let dataset = StubDataset(count: 400)
    let loader = Self.loader(dataset, batchSize: 10, threads: 4, prefetched: 3)
    loader.startEpoch(0)
    for taken in 1...20 {
      _ = try #require(try loader.next())
      if taken % 10 == 1 { Thread.sleep(forTimeInterval: 0.05) }
      #expect(dataset.totalReads <= (taken + 3) * 10)
    }
  }

  @Test func memoryIsUsedAgain() throws {
    let loader = Self.loader(StubDataset(count: 100), batchSize: 10, threads: 0)
    loader.startEpoch(0)
    var places: Set<UnsafeMutableRawPointer> = []
    while let batch = try loader.next() { places.insert(batch.groups[0].pixels.base) }
    #expect(places.count == 1)
    loader.startEpoch(1)
    let held = try #require(try loader.next())
    let other = try #require(try loader.next())
    #expect(held.groups[0].pixels.base != other.groups[0].pixels.base)
  }

  @Test func aBatchOutlivesItsLoader() throws {
    var loader: ViewLoader? = Self.loader(StubDataset(count: 100))
    loader?.startEpoch(0)
    let batch = try #require(try loader?.next())
    let content = Content(batch)
    loader = nil
    #expect(Content(batch) == content)
  }

  @Test func stoppingEndsTheThreads() throws {
    let loader = Self.loader(StubDataset(count: 500), threads: 4)
    #expect(loader.threadsAlive == 0)
    loader.startEpoch(0)
    #expect(loader.threadsAlive == 4)
    let first = Content(try #require(try loader.next()))
    loader.stop()
    #expect(loader.threadsAlive == 0)
    #expect(try loader.next() == nil)
    loader.stop()
    loader.startEpoch(0)
    #expect(Content(try #require(try loader.next())) == first)
  }

  @Test func loadersComeAndGo() throws {
    let dataset = StubDataset(count: 200)
    for round in 0..<100 {
      let loader = Self.loader(dataset, threads: 1 + round % 4)
      if round % 3 != 0 { loader.startEpoch(round) }
      if round % 3 == 1 { _ = try loader.next() }
    }
  }

  @Test func stoppingWakesWhoWaits() throws {
    let loader = Self.loader(StubDataset(count: 5_000), batchSize: 5_000, views: 20, threads: 1)
    loader.startEpoch(0)
    let thread = Thread { loader.stop() }
    thread.start()
    _ = try loader.next()
  }

  @Test func aDatasetSmallerThanABatch() throws {
    let loader = Self.loader(StubDataset(count: 3))
    #expect(loader.batchesPerEpoch == 0)
    loader.startEpoch(0)
    #expect(try loader.next() == nil)
  }
}
