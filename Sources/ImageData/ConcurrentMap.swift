import Foundation
import Synchronization

/// What `transform` makes of every element, in their order; called from as many threads as there are processors.
func concurrentMap<Element: Sendable, Transformed: Sendable>(
  _ elements: some RandomAccessCollection<Element> & Sendable, _ transform: @Sendable (Element) -> Transformed
) -> [Transformed] {
  let results = Mutex([Transformed?](repeating: nil, count: elements.count))
  DispatchQueue.concurrentPerform(iterations: elements.count) { offset in
    let result = transform(elements[elements.index(elements.startIndex, offsetBy: offset)])
    results.withLock { $0[offset] = result }
  }
  return results.withLock { $0.map { $0! } }
}
