import Testing
import Views

@testable import ImageData

@Suite struct CachedImagesTests {
  @Test func keepsImagesUntilTheBytesAreUsed() throws {
    let stub = StubDataset(count: 20, labels: Array(repeating: 1, count: 20), broken: [2])
    let perImage = try (0..<20).filter { $0 != 2 }.map { try stub.image(at: $0).pixels.count }
    let cached = CachedImages(stub, capacity: perImage.prefix(5).reduce(0, +))
    #expect(cached.count == 20 && cached.labels == stub.labels && cached.summary == stub.summary)
    for _ in 0..<3 {
      for index in 0..<20 where index != 2 {
        #expect(try cached.image(at: index) == stub.source(at: index).wholeImage())
      }
      #expect(throws: ImageError.self) { try cached.image(at: 2) }
    }
    #expect(cached.bytesInUse == perImage.prefix(5).reduce(0, +))
    // One reading to measure sizes, three by the comparison, and one or three through the cache.
    #expect(stub.reads(of: 0) == 1 + 3 + 1)
    #expect(stub.reads(of: 19) == 1 + 3 + 3)
  }

  @Test func viewsDoNotDependOnTheCache() throws {
    let dataset = StubDataset(count: 40, broken: [7])
    func contents(_ dataset: any ImageDataset) throws -> [ViewLoaderTests.Content] {
      let loader = ViewLoaderTests.loader(dataset, threads: 3)
      return try (0..<2).flatMap { epoch in
        loader.startEpoch(epoch)
        return try ViewLoaderTests.drain(loader)
      }
    }
    let expected = try contents(dataset)
    #expect(try contents(CachedImages(dataset, capacity: 1 << 20)) == expected)
    #expect(try contents(CachedImages(dataset, capacity: 500)) == expected)
    #expect(try contents(CachedImages(dataset, capacity: 0)) == expected)
  }
}
