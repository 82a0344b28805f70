import Foundation
import Processors

/// Goes through images of a dataset in a given order, preparing them on all processors.
struct ImageStream {
  /// The positions of the images in the dataset.
  let order: [Int]

  /// How many images are prepared before they are handed over, all of which must fit into memory.
  private static let chunk = 8 * ProcessInfo.processInfo.usableProcessorCount

  /// Prepares every image and hands the results over in order, on the caller's thread, with the images' positions.
  ///
  /// - Parameters:
  ///   - prepare: Called from several threads at once.
  ///   - body: What it throws ends the stream and is thrown on.
  func forEach<Prepared: Sendable>(
    _ prepare: @Sendable (Int) throws(ImageError) -> Prepared, body: (Int, Result<Prepared, ImageError>) throws -> Void
  ) throws {
    for first in stride(from: 0, to: order.count, by: Self.chunk) {
      let indices = order[first..<min(first + Self.chunk, order.count)]
      let prepared = concurrentMap(indices) { index in
        Result { () throws(ImageError) in try prepare(index) }
      }
      for (index, result) in zip(indices, prepared) { try body(index, result) }
    }
  }
}
