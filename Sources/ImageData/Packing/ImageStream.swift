import Foundation
import Synchronization

/// Goes through images of a dataset in a given order, preparing them on all processors.
struct ImageStream {
  /// The positions of the images in the dataset.
  let order: [Int]

  /// How many images are prepared before they are handed over, all of which must fit into memory.
  private static let chunk = 8 * ProcessInfo.processInfo.activeProcessorCount

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
      let results = Mutex<[Int: Result<Prepared, ImageError>]>([:])
      DispatchQueue.concurrentPerform(iterations: indices.count) { offset in
        let index = indices[indices.startIndex + offset]
        let result: Result<Prepared, ImageError>
        do throws(ImageError) {
          result = .success(try prepare(index))
        } catch {
          result = .failure(error)
        }
        results.withLock { $0[index] = result }
      }
      let prepared = results.withLock { $0 }
      for index in indices { try body(index, prepared[index]!) }
    }
  }
}
