import Synchronization

/// A group of which only the first worker is there, or those of one machine; the others are taken to send what it sends.
///
/// Computations have the sizes that they have in a real group, and what would be sent is recorded: a plan for many workers
/// needs no more than one.
public final class PretendedWorkers: Communicator, BucketCarrier, @unchecked Sendable {
  /// Something that a real group would send.
  public struct Exchange: Sendable, Equatable {
    /// What becomes of it.
    public enum Kind: Sendable {
      /// Every worker needs the sum.
      case sum
      /// Every worker needs what each has, or, in backward passes, the sum of its own part.
      case gather
    }

    /// What becomes of it.
    public var kind: Kind
    /// Bytes of one worker's part.
    public var bytes: Int
    /// Seconds of a worker's own work between sending and needing it; nil where it waits at once.
    public var leeway: Double?

    /// Describes an exchange.
    public init(_ kind: Kind, bytes: Int, leeway: Double? = nil) {
      self.kind = kind
      self.bytes = bytes
      self.leeway = leeway
    }
  }

  /// How many workers there would be.
  public let count: Int
  /// The first.
  public var rank: Int { 0 }
  /// They are not there.
  public var isPretended: Bool { true }
  /// How long the others of the machine were waited for, in seconds.
  public var waitedSeconds: Double { waited.withLock { $0 } }

  private let rendezvous: Rendezvous?
  private let waited = Mutex(0.0)
  private let buckets = GradientBuckets()
  private let recorded = Mutex<[Exchange]>([])
  /// Buckets of a backward pass that is not over, with when they were full.
  private let underWay = Mutex<[(bytes: Int, moment: ContinuousClock.Instant)]>([])

  /// Pretends to be one of so many workers.
  /// - Parameter rendezvous: Where those of the same machine wait for each other; nil where there is no other.
  public init(count: Int, meeting rendezvous: Rendezvous? = nil) {
    self.count = count
    self.rendezvous = rendezvous
    buckets.group = self
  }

  /// What would have been sent since the last call, in order; forgets it.
  public func takeExchanges() -> [Exchange] {
    recorded.withLock { exchanges in
      defer { exchanges = [] }
      return exchanges
    }
  }

  /// As many times the tensor as there are workers.
  public func sum(_ tensor: Tensor) -> Tensor {
    multiplied(tensor.detached()).withGradient(to: [tensor]) { [unowned self] in [multiplied($0)] }
  }

  /// The rows, once for each worker.
  public func gathered(_ rows: Tensor) -> Tensor {
    let bytes = rows.elementCount * rows.elementSize
    record(.gather, bytes)
    let all = Tensor.concatenated(Array(repeating: rows.detached(), count: count))
    return all.withGradient(to: [rows]) { [unowned self] gradient in
      record(.gather, bytes)
      return [gradient.reshaped([count] + rows.shape).sum(along: 0)]
    }
  }

  /// Runs a backward pass, and notes when gradients would be sent.
  public func averagingGradients(of leaves: [Tensor], _ backward: () -> Void) {
    buckets.average(leaves, during: backward)
  }

  /// Its own answer.
  public func anyAgrees(_ own: Bool) -> Bool {
    record(.sum, MemoryLayout<Int32>.size)
    return own
  }

  /// Its own text, once for each worker.
  public func gathered(_ text: String) -> [String] {
    record(.gather, MemoryLayout<Int>.size)
    if !text.isEmpty { record(.gather, text.utf8.count) }
    return Array(repeating: text, count: count)
  }

  private func multiplied(_ tensor: Tensor) -> Tensor {
    record(.sum, tensor.elementCount * tensor.elementSize)
    return tensor * Double(count)
  }

  /// Waits for those of the machine, as often as each hands something on in a ring.
  private func meet(for kind: Exchange.Kind) {
    guard let rendezvous else { return }
    let start = ContinuousClock.now
    for _ in 0..<(rendezvous.count - 1) * (kind == .sum ? 2 : 1) { rendezvous.wait() }
    waited.withLock { $0 += (ContinuousClock.now - start) / .seconds(1) }
  }

  private func record(_ kind: Exchange.Kind, _ bytes: Int) {
    meet(for: kind)
    recorded.withLock { $0.append(Exchange(kind, bytes: bytes)) }
  }

  func beginSum(_ tensor: Tensor) {
    Engine.synchronize()
    underWay.withLock { $0.append((tensor.elementCount * tensor.elementSize, .now)) }
  }

  func wait(for tensor: Tensor) -> Tensor {
    let sent = underWay.withLock { sent in
      defer { sent = [] }
      return sent
    }
    if !sent.isEmpty { Engine.synchronize() }
    let end = ContinuousClock.now
    let exchanges = sent.map { Exchange(.sum, bytes: $0.bytes, leeway: (end - $0.moment) / .seconds(1)) }
    recorded.withLock { $0 += exchanges }
    if !sent.isEmpty { meet(for: .sum) }
    return tensor * Double(count)
  }
}
