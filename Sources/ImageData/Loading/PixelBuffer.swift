import Synchronization
import Views

/// A block of pixel values, aligned to 64 bytes, that belongs to whoever holds the object.
///
/// The memory goes back to the loader it came from when the last reference is gone, to be filled again.
/// The loader has finished writing when it hands the buffer out; from then on the holder keeps order among its own
/// threads.
public final class PixelBuffer: @unchecked Sendable {
  /// The first value.
  public let base: UnsafeMutableRawPointer
  /// The format of each value.
  public let format: PixelFormat
  /// How many values are valid.
  public private(set) var count: Int

  private let owner: Owner

  /// Whom the memory belongs to: a pool, or the buffer of which this one is a part.
  private enum Owner {
    case pool(PixelBufferPool)
    case whole(PixelBuffer)
  }

  /// Allocates room for `count` values, which are not initialized.
  public convenience init(count: Int, format: PixelFormat = .float32) {
    let pool = PixelBufferPool(byteCount: count * format.byteCount, limit: 0)
    self.init(count: count, format: format, pool: pool)
  }

  /// Takes room for `count` values, which must fit the pool's pieces, from the pool.
  init(count: Int, format: PixelFormat, pool: PixelBufferPool) {
    precondition(
      count >= 0 && count * format.byteCount <= pool.byteCount,
      "\(count) values of \(format.rawValue) do not fit a buffer of \(pool.byteCount) bytes")
    self.base = pool.take()
    self.format = format
    self.count = count
    self.owner = .pool(pool)
  }

  private init(partOf whole: PixelBuffer, from start: Int, count: Int) {
    self.base = whole.base + start * whole.format.byteCount
    self.format = whole.format
    self.count = count
    self.owner = .whole(whole)
  }

  deinit {
    if case .pool(let pool) = owner { pool.giveBack(base) }
  }

  /// Some of the values, which keep this buffer alive; the same buffer when they are all of them.
  func part(from start: Int, count: Int) -> PixelBuffer {
    precondition(start >= 0 && count >= 0 && start + count <= self.count, "a part lies inside its buffer")
    return count == self.count ? self : PixelBuffer(partOf: self, from: start, count: count)
  }

  /// The memory of `count` values from number `start` on.
  public func bytes(from start: Int = 0, count: Int? = nil) -> UnsafeMutableRawBufferPointer {
    let end = start + (count ?? self.count - start)
    precondition(start >= 0 && start <= end && end <= self.count, "values \(start)..<\(end) of \(self.count)")
    return UnsafeMutableRawBufferPointer(
      start: base + start * format.byteCount, count: (end - start) * format.byteCount)
  }

  /// Moves one block of values to another place in the buffer; the blocks may overlap.
  func move(from source: Int, to destination: Int, count: Int) {
    bytes(from: destination, count: count).copyMemory(from: UnsafeRawBufferPointer(bytes(from: source, count: count)))
  }

  /// Forgets the values after the first `count`.
  func truncate(to count: Int) {
    precondition(count <= self.count, "a buffer of \(self.count) values cannot grow to \(count)")
    self.count = count
  }
}

/// Memory for pixel buffers of one size, kept for the next batch instead of being freed.
final class PixelBufferPool: Sendable {
  /// The bytes of each piece of memory.
  let byteCount: Int

  private static let alignment = 64
  private let limit: Int
  private let free = Mutex<[Address]>([])

  private struct Address: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
  }

  /// Keeps at most `limit` unused blocks of memory.
  init(byteCount: Int, limit: Int) {
    self.byteCount = byteCount
    self.limit = limit
  }

  deinit {
    free.withLock { free in
      for address in free { address.base.deallocate() }
    }
  }

  func take() -> UnsafeMutableRawPointer {
    if let reused = free.withLock({ $0.popLast() }) { return reused.base }
    return .allocate(byteCount: max(byteCount, 1), alignment: Self.alignment)
  }

  func giveBack(_ base: UnsafeMutableRawPointer) {
    let address = Address(base: base)
    let isKept = free.withLock { free in
      guard free.count < limit else { return false }
      free.append(address)
      return true
    }
    if !isKept { base.deallocate() }
  }
}
