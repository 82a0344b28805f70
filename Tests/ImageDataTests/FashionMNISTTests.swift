import Foundation
import Testing
import Views

@testable import ImageData

private let folder = "/usr/share/datasets/fashion-mnist"

/// The real files, where the machine has them.
@Suite(.enabled(if: FileManager.default.fileExists(atPath: folder)))
struct FashionMNISTTests {
  @Test(arguments: [(DataSplit.train, 60_000), (.test, 10_000)])
  func isComplete(split: DataSplit, count: Int) throws {
    let dataset = try Datasets.open(path: folder, split: split)
    #expect(dataset.count == count && Set(dataset.labels ?? []).count == 10)
    let sizes = Dictionary(grouping: dataset.labels ?? [], by: \.self).mapValues(\.count)
    #expect(sizes == Dictionary(uniqueKeysWithValues: (0..<10).map { ($0, count / 10) }))
    let image = try dataset.image(at: count - 1)
    #expect(image.shape == [28, 28, 1])
    #expect(image.pixels.contains { $0 > 100 })
  }
}
