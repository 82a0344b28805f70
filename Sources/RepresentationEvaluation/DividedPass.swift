import ImageData
import Torch

/// One pass of an encoder over a dataset, of which each of several workers makes a part.
struct DividedPass {
  private let workers = Workers.current

  /// The part of the dataset that this worker goes through.
  var part: BatchPart { BatchPart(workers.rank, of: workers.count) }

  /// Brings together what the workers' passes have made; where a pass fails, all workers throw the same error.
  ///
  /// - Parameters:
  ///   - dataset: What was gone through.
  ///   - skipped: Images that were left out; those of other workers are added.
  ///   - pass: Goes through the part; returns where its images are in the dataset, and some tables with a row for each of
  ///     them, in batches. Must not wait for other workers.
  /// - Returns: The same of all images, in their order.
  func all(
    of dataset: any ImageDataset, skipped: SkippedImages, _ pass: () throws -> (indices: [Int], tables: [[Tensor]])
  ) throws -> (indices: [Int], tables: [Tensor]) {
    let result = Result { try pass() }
    if let failure = try workers.firstFailure(of: result) { throw failure }
    let own = try result.get()
    guard workers.count > 1 else { return (own.indices, own.tables.map { .concatenated($0) }) }
    try skipped.add(workers.gatheredValues(skipped.records).flatMap { $0 }, of: dataset.count)
    let indices = try workers.gathered(own.indices)
    guard !indices.isEmpty else {
      throw LoaderError.nothingDecodes(total: dataset.count, examples: Array(skipped.records.prefix(3)))
    }
    return (
      indices, try own.tables.map { try workers.gatheredRows($0.isEmpty ? .zeros([0]) : .concatenated($0)) }
    )
  }
}
