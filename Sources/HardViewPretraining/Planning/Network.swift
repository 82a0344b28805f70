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
