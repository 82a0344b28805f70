import Dispatch
import Synchronization

/// What a function makes of the numbers from 0 to below a count, in their order.
///
/// - Parameters:
///   - count: How many numbers.
///   - threads: The most threads that work on it, at least 1; nil for one per processor.
///   - transform: The function; called from several threads.
package func concurrentMap<Transformed: Sendable>(
  count: Int, threads: Int? = nil, _ transform: @Sendable (Int) -> Transformed
) -> [Transformed] {
  precondition(threads.map { $0 >= 1 } ?? true, "work needs a thread")
  let workers = min(count, threads ?? count)
  let results = Mutex([Transformed?](repeating: nil, count: count))
  DispatchQueue.concurrentPerform(iterations: workers) { worker in
    for index in stride(from: worker, to: count, by: workers) {
      let result = transform(index)
      results.withLock { $0[index] = result }
    }
  }
  return results.withLock { $0.map { $0! } }
}
