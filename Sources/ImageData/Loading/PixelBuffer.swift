import Synchronization

/// A block of float32 pixels, aligned to 64 bytes, that belongs to whoever holds the object.
///
/// The memory goes back to the loader it came from when the last reference is gone, to be filled again.
/// The loader has finished writing when it hands the buffer out; from then on the holder keeps order among its own
/// threads.
public final class PixelBuffer: @unchecked Sendable {
  /// The first value.
  public let base: UnsafeMutablePointer<Float>
  /// How many values are valid.
  public private(set) var count: Int

  private let pool: PixelBufferPool

  /// Allocates room for `count` values, which are not initialized.
  public convenience init(count: Int) {
    self.init(count: count, pool: PixelBufferPool(capacity: count, limit: 0))
  }

  /// Takes room for `count` values, at most the pool's capacity, from the pool.
  init(count: Int, pool: PixelBufferPool) {
    precondition(count >= 0 && count <= pool.capacity, "\(count) values do not fit a buffer of \(pool.capacity)")
    self.base = pool.take()
    self.count = count
    self.pool = pool
  }

  deinit { pool.giveBack(base) }

  /// Moves one block of values to another place in the buffer; the blocks may overlap.
  func move(from source: Int, to destination: Int, count: Int) {
    (base + destination).update(from: base + source, count: count)
  }

  /// Forgets the values after the first `count`.
  func truncate(to count: Int) {
    precondition(count <= self.count, "a buffer of \(self.count) values cannot grow to \(count)")
    self.count = count
  }
}

/// Memory for pixel buffers of one size, kept for the next batch instead of being freed.
final class PixelBufferPool: Sendable {
  /// The number of values each piece of memory holds.
  let capacity: Int

  private static let alignment = 64
  private let limit: Int
  private let free = Mutex<[Address]>([])

  private struct Address: @unchecked Sendable {
    let base: UnsafeMutablePointer<Float>
  }

  /// Keeps at most `limit` pieces of memory that nobody uses.
  init(capacity: Int, limit: Int) {
    self.capacity = capacity
    self.limit = limit
  }

  deinit {
    free.withLock { free in
      for address in free { Self.deallocate(address.base) }
    }
  }

  func take() -> UnsafeMutablePointer<Float> {
    if let reused = free.withLock({ $0.popLast() }) { return reused.base }
    let bytes = max(capacity, 1) * MemoryLayout<Float>.stride
    return UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: Self.alignment)
      .bindMemory(to: Float.self, capacity: capacity)
  }

  func giveBack(_ base: UnsafeMutablePointer<Float>) {
    let address = Address(base: base)
    let isKept = free.withLock { free in
      guard free.count < limit else { return false }
      free.append(address)
      return true
    }
    if !isKept { Self.deallocate(base) }
  }

  private static func deallocate(_ base: UnsafeMutablePointer<Float>) { UnsafeMutableRawPointer(base).deallocate() }
}
