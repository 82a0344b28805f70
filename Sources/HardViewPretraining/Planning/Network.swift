import Torch

/// What connects workers, as two figures.
public struct Network: Sendable, Equatable {
  /// Bytes that a worker sends in a second.
  public var bytesPerSecond: Double
  /// Seconds until a message of no length arrives.
  public var latency: Double

  /// Describes a network.
  public init(bytesPerSecond: Double, latency: Double) {
    self.bytesPerSecond = bytesPerSecond
    self.latency = latency
  }

  /// Measures what connects some workers, of which there are several.
  /// - Throws: `TorchError` where others do not answer.
  public static func measured(over workers: any Communicator) throws -> Network {
    precondition(workers.count > 1, "one worker has no network")
    /// The middle of some tries, in seconds; all begin together.
    func seconds(_ body: () -> Tensor) throws -> Double {
      let tries = try (0..<9).map { _ in
        _ = try workers.anyAgrees(false)
        Engine.synchronize()
        let start = ContinuousClock.now
        try throwingExhaustion { _ = body() }
        Engine.synchronize()
        return (ContinuousClock.now - start) / .seconds(1)
      }
      return tries.sorted()[4]
    }
    let (rounds, repetitions, bytes) = (Double(workers.count - 1), 50, 64 << 20)
    let (short, long) = (Tensor.zeros([1]), Tensor.zeros([bytes / 4]))
    let gathering = try seconds { (0..<repetitions).map { _ in workers.gathered(short) }.last! }
    let latency = gathering / Double(repetitions) / rounds
    let sum = try seconds { workers.sum(long) }
    let way = max(sum / (2 * rounds) - latency, 1e-9)
    // All have seen the first one's figures.
    let figures = try workers.gatheredValues([Double(bytes) / Double(workers.count) / way, latency])[0]
    return Network(bytesPerSecond: figures[0], latency: figures[1])
  }

  /// Seconds of an exchange between workers that stand in a ring, as Gloo lets them.
  func seconds(of exchange: PretendedWorkers.Exchange, among workers: Int) -> Double {
    let (rounds, bytes) = (Double(workers - 1), Double(exchange.bytes))
    return switch exchange.kind {
    case .gather: rounds * (latency + bytes / bytesPerSecond)
    case .sum: 2 * rounds * (latency + bytes / Double(workers) / bytesPerSecond)
    }
  }

  /// Seconds that a worker waits in a step: for gradients beyond its own backward pass, and for everything else.
  func waiting(
    for exchanges: [PretendedWorkers.Exchange], among workers: Int
  ) -> (gradients: Double, others: Double) {
    guard workers > 1 else { return (0, 0) }
    var (gradients, others) = (0.0, 0.0)
    // When the last bucket arrives, from the end of the backward pass on; buckets follow one another.
    var arrival = -Double.infinity
    for exchange in exchanges {
      let seconds = seconds(of: exchange, among: workers)
      if let leeway = exchange.leeway {
        arrival = max(arrival, -leeway) + seconds
        gradients = max(0, arrival)
      } else {
        others += seconds
      }
    }
    return (gradients, others)
  }
}
