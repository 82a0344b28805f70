import CZlib
import Synchronization
import Views

/// Which images of a dataset are copies of one another: those whose files, or stored pixels, are the same.
///
/// Filled by a loader as it reads each image for the first time; may be used from any thread.
public final class ImageFingerprints: Sendable {
  /// What is known so far.
  public struct Copies: Sendable, Equatable {
    /// How many images were looked at.
    public var images = 0
    /// The copies, in the order in which they were seen.
    public var pairs: [Pair] = []
  }

  /// An image that is a copy of one seen before.
  public struct Pair: Sendable, Equatable {
    /// Its place in the dataset.
    public var copy: Int
    /// That of the other.
    public var original: Int
  }

  private struct State {
    var originals: [UInt64: Int] = [:]
    var isSeen: [Bool]
    var copies = Copies()
    var isFinished = false
  }

  private let state: Mutex<State>

  /// Nothing is known of `count` images.
  public init(count: Int) {
    state = Mutex(State(isSeen: Array(repeating: false, count: count)))
  }

  /// What was found so far.
  public var copies: Copies { state.withLock(\.copies) }

  /// Looks at no further image, and keeps nothing but what was found.
  public func finish() -> Copies {
    state.withLock { state in
      (state.isFinished, state.originals, state.isSeen) = (true, [:], [])
      return state.copies
    }
  }

  /// Looks at an image, unless it was looked at before or does not say what it is made of.
  func look(at source: any ImageSource, index: Int) {
    let isNew = state.withLock { state in
      guard !state.isFinished, !state.isSeen[index] else { return false }
      state.isSeen[index] = true
      return true
    }
    guard isNew, let fingerprint = source.fingerprint else { return }
    state.withLock { state in
      guard !state.isFinished else { return }
      state.copies.images += 1
      if let original = state.originals[fingerprint] {
        state.copies.pairs.append(Pair(copy: index, original: original))
      } else {
        state.originals[fingerprint] = index
      }
    }
  }
}

/// Two checksums of bytes in one number: equal for equal bytes, and hardly ever for others.
func fingerprint(of bytes: [UInt8]) -> UInt64 {
  bytes.withUnsafeBufferPointer { bytes in
    UInt64(truncatingIfNeeded: crc32_z(0, bytes.baseAddress, bytes.count)) << 32
      | UInt64(truncatingIfNeeded: adler32_z(1, bytes.baseAddress, bytes.count)) & 0xffff_ffff
  }
}
