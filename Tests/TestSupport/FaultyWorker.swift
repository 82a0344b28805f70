import Synchronization
import Torch

/// A worker that fails by name: in the collective of a number.
///
/// A failure is real: memory runs out in the middle of what the worker was doing, and it goes away without taking leave.
public final class FaultyWorker: Communicator {
  /// What a throwing collective throws.
  public struct Fault: Error {}

  private let base: any Communicator
  private let failing: Int?
  private let counted = Mutex(0)

  /// Wraps a worker.
  /// - Parameter number: The collective in which it fails, counted from 0; nil for none.
  public init(_ base: any Communicator, failCollectiveAt number: Int?) {
    self.base = base
    failing = number
  }

  /// How many collectives it has begun.
  public var collectives: Int { counted.withLock { $0 } }

  /// Its number.
  public var rank: Int { base.rank }
  /// How many there are.
  public var count: Int { base.count }
  /// How long it has waited.
  public var waitedSeconds: Double { base.waitedSeconds }

  /// The sum, or a failure.
  public func sum(_ tensor: Tensor) -> Tensor { fails() ? Self.exhausted() : base.sum(tensor) }

  /// All rows, or a failure.
  public func gathered(_ rows: Tensor) -> Tensor { fails() ? Self.exhausted() : base.gathered(rows) }

  /// Means of gradients, or a failure.
  public func averagingGradients(of leaves: [Tensor], _ backward: () -> Void) {
    if fails() { _ = Self.exhausted() } else { base.averagingGradients(of: leaves, backward) }
  }

  /// What all say, or a failure.
  public func anyAgrees(_ own: Bool) throws -> Bool {
    if fails() { throw Fault() }
    return try base.anyAgrees(own)
  }

  /// All texts, or a failure.
  public func gathered(_ text: String) throws -> [String] {
    if fails() { throw Fault() }
    return try base.gathered(text)
  }

  private func fails() -> Bool {
    counted.withLock { count in
      defer { count += 1 }
      return count == failing
    }
  }

  /// More memory than there is.
  private static func exhausted() -> Tensor { .zeros([1 << 50]) }
}
