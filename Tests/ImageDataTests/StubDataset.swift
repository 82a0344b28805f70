import Foundation
import Synchronization
import Views

@testable import ImageData

/// Small gray images made from their index, of which some do not decode; counts how often each is asked for.
final class StubDataset: ImageDataset {
  let count: Int
  let labels: [Int]?
  let classNames: [String]? = nil
  let broken: Set<Int>
  private let reads = Mutex<[Int: Int]>([:])

  init(count: Int, labels: [Int]? = nil, broken: Set<Int> = []) {
    self.count = count
    self.labels = labels
    self.broken = broken
  }

  convenience init(labels: [Int]) { self.init(count: labels.count, labels: labels) }

  var summary: String { "\(count) stubs" }

  /// How many images were asked for, repeats included.
  var totalReads: Int { reads.withLock { $0.values.reduce(0, +) } }

  /// How often one image was asked for.
  func reads(of index: Int) -> Int { reads.withLock { $0[index, default: 0] } }

  func name(at index: Int) -> String { "stub#\(index)" }

  func source(at index: Int) throws(ImageError) -> any ImageSource {
    reads.withLock { $0[index, default: 0] += 1 }
    if broken.contains(index) {
      throw ImageError(path: name(at: index), problem: .corrupt(format: "stub", reason: "broken on purpose"))
    }
    let width = 8 + index % 5
    return Image(
      width: width, height: 9, channels: 1,
      pixels: (0..<width * 9).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ index &* 31) })
  }
}

extension Image {
  /// Width, height and channels.
  var shape: [Int] { [width, height, channels] }
}
