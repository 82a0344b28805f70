import Glibc

/// The random numbers of one view: a pure function of seed, epoch, sample, view and stream.
///
/// Counter-based, so views may be drawn in any order, on any thread or rank, and again after a resume, and are always
/// the same. The seed, epoch and stream choose a Philox key; the sample and view are part of the counter, so two views
/// of an epoch never share a block.
public struct ViewRandom: RandomNumberGenerator, Sendable {
  private let key: SIMD2<UInt32>
  private var counter: SIMD4<UInt32>
  private var block: SIMD4<UInt32> = .zero
  private var isHalfUsed = false

  /// Starts the sequence of one view.
  ///
  /// - Parameters:
  ///   - seed: The seed of the run.
  ///   - epoch: The epoch, from 0.
  ///   - sample: The index of the image in its data set.
  ///   - view: The index of the view among the candidates of this image.
  ///   - stream: Keeps purposes apart that share the other four, such as drawing views and shuffling.
  public init(seed: UInt64, epoch: Int, sample: Int, view: Int, stream: UInt32 = RandomStream.views) {
    let epochBits = UInt64(truncatingIfNeeded: epoch)
    let derived = Philox.block(
      counter: SIMD4(epochBits.lowWord, epochBits.highWord, stream, 0), key: SIMD2(seed.lowWord, seed.highWord))
    key = SIMD2(derived.x, derived.y)
    let sampleBits = UInt64(truncatingIfNeeded: sample)
    counter = SIMD4(0, UInt32(truncatingIfNeeded: view), sampleBits.lowWord, sampleBits.highWord)
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    if isHalfUsed {
      isHalfUsed = false
      return UInt64(block.w) << 32 | UInt64(block.z)
    }
    block = Philox.block(counter: counter, key: key)
    counter.x &+= 1
    isHalfUsed = true
    return UInt64(block.y) << 32 | UInt64(block.x)
  }

  /// A number drawn uniformly between the bounds.
  public mutating func uniform(in range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
  }

  /// A number drawn uniformly from 0 up to, but not including, 1.
  public mutating func uniform() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// A number between 0 and 1 drawn from Beta(α, α), with α above 0 and at most 1, by Jöhnk's method.
  mutating func beta(_ alpha: Double) -> Double {
    while true {
      let (first, second) = (pow(uniform(), 1 / alpha), pow(uniform(), 1 / alpha))
      if first + second > 0, first + second <= 1 { return first / (first + second) }
    }
  }

  /// An integer drawn uniformly, without bias, from 0 up to, but not including, `bound`, which is positive.
  public mutating func integer(below bound: Int) -> Int {
    precondition(bound > 0, "An integer below \(bound) cannot be drawn; the bound must be positive.")
    let bound = UInt64(bound)
    var product = next().multipliedFullWidth(by: bound)
    if product.low < bound {
      let threshold = (0 &- bound) % bound
      while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
    }
    return Int(product.high)
  }

  /// The numbers from 0 to `count` − 1 in uniformly random order.
  public mutating func permutation(of count: Int) -> [Int] {
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, integer(below: last + 1))
    }
    return order
  }

  /// Whether an event of this probability happens.
  mutating func happens(withProbability probability: Double) -> Bool {
    uniform() < probability
  }
}

extension UInt64 {
  fileprivate var lowWord: UInt32 { UInt32(truncatingIfNeeded: self) }
  fileprivate var highWord: UInt32 { UInt32(truncatingIfNeeded: self >> 32) }
}
