import Foundation
import Synchronization

/// Threads that keep a machine busy, as other workers on it would.
final class MachineLoad: Sendable {
  private let isWanted = Atomic(true)
  private let failure = Mutex<(any Error)?>(nil)
  private let beginning = DispatchGroup()
  private let running = DispatchGroup()

  /// Starts threads.
  ///
  /// - Parameter body: What each does, for as long as it is wanted; asks before every round, the first one included.
  init(threads count: Int, _ body: @escaping @Sendable (_ isWanted: () -> Bool) throws -> Void) {
    for _ in 0..<count {
      beginning.enter()
      running.enter()
      let thread = Thread { [self] in
        var hasBegun = false
        func begin() {
          if !hasBegun { beginning.leave() }
          hasBegun = true
        }
        do {
          try body {
            begin()
            return isWanted.load(ordering: .relaxed)
          }
        } catch {
          failure.withLock { $0 = error }
        }
        begin()
        running.leave()
      }
      thread.stackSize = 16 << 20
      thread.start()
    }
  }

  /// Waits until all threads have begun their first round.
  /// - Throws: What one of them threw instead.
  func waitUntilBusy() throws {
    beginning.wait()
    try check()
  }

  /// Waits until the last round of every thread is over.
  /// - Throws: What one of them threw.
  func end() throws {
    isWanted.store(false, ordering: .relaxed)
    running.wait()
    try check()
  }

  private func check() throws {
    if let error = failure.withLock({ $0 }) { throw error }
  }
}
