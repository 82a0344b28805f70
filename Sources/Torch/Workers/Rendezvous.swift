import Foundation

/// Where pretended workers of one machine wait for each other at every exchange, as real ones do.
public final class Rendezvous: @unchecked Sendable {
  let count: Int
  private let condition = NSCondition()
  private var arrived = 0
  private var round = 0
  private var isOver = false

  /// So many workers meet.
  public init(count: Int) {
    self.count = count
  }

  /// Waits until all have arrived, or it is over.
  func wait() {
    condition.lock()
    defer { condition.unlock() }
    guard !isOver else { return }
    arrived += 1
    if arrived == count {
      (arrived, round) = (0, round + 1)
      return condition.broadcast()
    }
    let own = round
    while round == own, !isOver { condition.wait() }
  }

  /// Lets all go on, now and later.
  public func end() {
    condition.lock()
    isOver = true
    condition.broadcast()
    condition.unlock()
  }
}
