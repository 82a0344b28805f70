import Foundation
import Synchronization
import Testing
import Views

@testable import ImageData

@Suite(.timeLimit(.minutes(2))) struct SkippingTests {
  @Test(arguments: [0, 1, 4]) func brokenImagesAreReplacedByTheNext(threads: Int) throws {
    let dataset = StubDataset(count: 40, broken: [10, 11, 39])
    let reported = Mutex<[Int]>([])
    let skipped = SkippedImages { image in reported.withLock { $0.append(image.index) } }
    let whole = ViewLoaderTests.loader(StubDataset(count: 40), batchSize: 40, threads: threads)
    let loader = ViewLoaderTests.loader(dataset, batchSize: 40, threads: threads, skipped: skipped)
    for epoch in 0..<3 {
      whole.startEpoch(epoch)
      loader.startEpoch(epoch)
      let order = try #require(try whole.next()).indices
      let batch = try #require(try loader.next())
      #expect(batch.indices == order.map { [10: 12, 11: 12, 39: 0][$0] ?? $0 })
      for (slot, index) in batch.indices.enumerated() where index == 12 {
        let twin = try #require(batch.indices.firstIndex(of: 12))
        #expect(batch.groups[0].parameters[1][slot] == batch.groups[0].parameters[1][twin])
      }
    }
    #expect(skipped.count == 3)
    #expect(skipped.records.map(\.index) == [10, 11, 39])
    #expect(skipped.records[0].name == "stub#10")
    #expect(skipped.records[0].reason.contains("broken on purpose"))
    #expect(reported.withLock { $0.sorted() } == [10, 11, 39])
    #expect([10, 11, 39].allSatisfy { dataset.reads(of: $0) <= max(1, threads) })
  }

  @Test(arguments: [0, 2]) func tooManySkippedIsAnError(threads: Int) throws {
    let dataset = StubDataset(count: 40, broken: Set(20..<25))
    let loader = ViewLoaderTests.loader(dataset, batchSize: 10, threads: threads)
    loader.startEpoch(0)
    let error = try #require(throws: LoaderError.self) { while try loader.next() != nil {} }
    guard case .tooManySkipped(5, 40, 0.1, let examples) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(examples.map(\.index).allSatisfy { (20..<25).contains($0) } && examples.count == 3)
    #expect(error.description.contains("5 of 40") && error.description.contains(examples[0].name))
    #expect(throws: error) { _ = try loader.next() }

    let patient = ViewLoaderTests.loader(
      dataset, batchSize: 10, threads: threads, skipped: SkippedImages(maximumShare: 0.125))
    patient.startEpoch(0)
    #expect(try ViewLoaderTests.drain(patient).count == 4)
  }

  @Test(arguments: [0, 2], [0.1, 1]) func allBrokenIsAnError(threads: Int, share: Double) throws {
    let dataset = StubDataset(count: 30, broken: Set(0..<30))
    let loader = ViewLoaderTests.loader(
      dataset, batchSize: 10, threads: threads, skipped: SkippedImages(maximumShare: share))
    loader.startEpoch(0)
    let error = try #require(throws: LoaderError.self) { _ = try loader.next() }
    switch error {
    case .tooManySkipped(_, 30, share, _): #expect(share == 0.1)
    case .nothingDecodes(30, let examples): #expect(share == 1 && examples.count == 3)
    default: Issue.record("\(error)")
    }
  }
}
