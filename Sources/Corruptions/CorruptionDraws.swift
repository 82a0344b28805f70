import Glibc
import Views

/// Where the random numbers of a corruption come from.
package protocol CorruptionDraws {
  /// A number drawn uniformly from 0 up to, but not including, 1.
  mutating func uniform() -> Double
  /// A number from the standard normal distribution.
  mutating func normal() -> Double
}

extension CorruptionDraws {
  /// A number drawn uniformly between the bounds.
  mutating func uniform(_ low: Double, _ high: Double) -> Double { low + (high - low) * uniform() }

  /// An integer drawn uniformly from `low` up to, but not including, `high`.
  mutating func integer(_ low: Int, _ high: Int) -> Int { low + Int(Double(high - low) * uniform()) }
}

/// The house's counter-based generator; normal numbers by Box and Muller.
struct CounterDraws: CorruptionDraws {
  private var random: ViewRandom
  private var spare: Double?

  /// Numbers of one image under one corruption of one severity.
  init(seed: UInt64, image: Int, corruption: Corruption, severity: Int) {
    let number = Corruption.allCases.firstIndex(of: corruption)! * 8 + severity
    random = ViewRandom(seed: seed, epoch: 0, sample: image, view: number, stream: RandomStream.corruption)
  }

  mutating func uniform() -> Double { random.uniform() }

  mutating func normal() -> Double {
    if let spare {
      self.spare = nil
      return spare
    }
    let radius = (-2 * log(1 - random.uniform())).squareRoot()
    let angle = 2 * Double.pi * random.uniform()
    spare = radius * sin(angle)
    return radius * cos(angle)
  }
}
