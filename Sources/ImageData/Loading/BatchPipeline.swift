import Foundation
import Views

/// Fills batches on threads of its own, ahead of the one who takes them, and hands them over in order.
///
/// One lock guards the queue of batches. Threads take a few images at a time from the first batch that has any left,
/// and begin a further batch while fewer than `prefetched` are in the queue; whoever has nothing to do sleeps.
/// Pixels are written without the lock: each image's place belongs to the thread that took it.
final class BatchPipeline<Source: BatchSource>: @unchecked Sendable {
  typealias Batch = PendingBatch<Source.Sample>

  private let source: Source
  private let threadCount: Int
  private let prefetched: Int
  private let pool: PixelBufferPool
  private let condition = NSCondition()

  // Guarded by `condition`.
  private var queue: [Batch] = []
  /// The next batch to begin; nil before the first epoch and after the last.
  private var upcoming: BatchPosition?
  /// The next batch to hand over.
  private var awaited: BatchPosition?
  private var order: (epoch: Int, indices: [Int])?
  private var isStopping = false
  private var liveThreads = 0
  /// For batches that are filled without threads.
  private var callersScratch = RenderScratch()

  init(source: Source, threads: Int, prefetched: Int) {
    self.source = source
    self.threadCount = threads
    self.prefetched = max(1, prefetched)
    self.pool = PixelBufferPool(
      byteCount: source.batchSize * source.valuesPerImage * source.format.byteCount, limit: prefetched + 2)
  }

  /// How many threads are alive.
  var threadsAlive: Int { condition.withLock { liveThreads } }

  // MARK: The one who takes

  /// Makes the batch at `position` the next one.
  ///
  /// Batches that were prefetched for it are kept, others are dropped.
  func start(at position: BatchPosition) {
    condition.withLock {
      if (queue.first?.position ?? upcoming) != position {
        queue.removeAll()
        upcoming = position.batch < source.batchesPerEpoch ? position : nil
      }
      awaited = position
      isStopping = false
      while liveThreads < threadCount {
        liveThreads += 1
        // The thread keeps the pipeline alive, not the loader, whose end stops both.
        let thread = Thread { self.work() }
        thread.name = "hardviews.loader"
        thread.stackSize = 8 << 20
        thread.start()
      }
      condition.broadcast()
    }
  }

  /// The next batch of the epoch; nil after its last one and once the pipeline was stopped.
  func next() throws(LoaderError) -> Batch? {
    condition.lock()
    defer { condition.unlock() }
    guard var position = awaited else { preconditionFailure("start an epoch before asking for batches") }
    guard position.batch < source.batchesPerEpoch, !isStopping else { return nil }
    if threadCount == 0 { fillNext() }
    while !isStopping, queue.first?.unfinished != 0 { condition.wait() }
    guard !isStopping, let batch = queue.first else { return nil }
    if let failure = batch.failure { throw failure }
    queue.removeFirst()
    position.batch += 1
    awaited = position
    condition.broadcast()
    return batch
  }

  /// Ends the threads and waits until they are gone; drops what was prefetched.
  func stop() {
    condition.withLock {
      isStopping = true
      queue.removeAll()
      upcoming = nil
      condition.broadcast()
      while liveThreads > 0 { condition.wait() }
    }
  }

  // MARK: The ones who fill

  private func work() {
    var scratch = RenderScratch()
    condition.lock()
    while !isStopping {
      if let (batch, slots) = takeSlots() {
        condition.unlock()
        let result = fill(slots, of: batch, scratch: &scratch)
        condition.lock()
        finish(slots, of: batch, with: result)
      } else {
        condition.wait()
      }
    }
    liveThreads -= 1
    condition.broadcast()
    condition.unlock()
  }

  /// Fills the next batch on the caller's thread, lock held; without threads no one else does.
  private func fillNext() {
    while queue.first?.unfinished != 0, let (batch, slots) = takeSlots() {
      finish(slots, of: batch, with: fill(slots, of: batch, scratch: &callersScratch))
    }
  }

  /// A few images that no thread has taken yet, if there are any within the bounds of the queue.
  private func takeSlots() -> (Batch, Range<Int>)? {
    let open = queue.first { $0.nextSlot < $0.indices.count } ?? beginBatch()
    guard let batch = open else { return nil }
    // Enough pieces to share a batch evenly, few enough that the lock costs nothing.
    let piece = min(16, max(1, batch.indices.count / (4 * max(1, threadCount))))
    let slots = batch.nextSlot..<min(batch.nextSlot + piece, batch.indices.count)
    batch.nextSlot = slots.upperBound
    return (batch, slots)
  }

  private func beginBatch() -> Batch? {
    guard queue.count < prefetched, let position = upcoming else { return nil }
    if order?.epoch != position.epoch {
      order = (position.epoch, source.order(ofEpoch: position.epoch))
    }
    let start = position.batch * source.batchSize
    let places = source.part.places(of: start..<min(start + source.batchSize, source.imagesPerEpoch))
    let indices = Array(order!.indices[places])
    let pixels = PixelBuffer(count: indices.count * source.valuesPerImage, format: source.format, pool: pool)
    let batch = Batch(position: position, indices: indices, pixels: pixels)
    queue.append(batch)

    if position.batch + 1 < source.batchesPerEpoch {
      upcoming = BatchPosition(epoch: position.epoch, batch: position.batch + 1)
    } else {
      upcoming = source.repeats ? BatchPosition(epoch: position.epoch + 1, batch: 0) : nil
    }
    condition.broadcast()
    return batch
  }

  private func fill(
    _ slots: Range<Int>, of batch: Batch, scratch: inout RenderScratch
  ) -> Result<[Source.Sample], LoaderError> {
    var samples: [Source.Sample] = []
    do {
      for slot in slots {
        let place = BatchPlace(
          epoch: batch.position.epoch, index: batch.indices[slot], slot: slot, batchCount: batch.indices.count)
        samples.append(try source.fill(place, of: batch.pixels, scratch: &scratch))
      }
      return .success(samples)
    } catch {
      return .failure(error)
    }
  }

  private func finish(_ slots: Range<Int>, of batch: Batch, with result: Result<[Source.Sample], LoaderError>) {
    switch result {
    case .success(let samples):
      for (slot, sample) in zip(slots, samples) { batch.samples[slot] = sample }
    case .failure(let error):
      batch.failure = error
    }
    batch.unfinished -= slots.count
    if batch.unfinished == 0 { condition.broadcast() }
  }
}
