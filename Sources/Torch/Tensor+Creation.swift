import Foundation

extension Tensor {
  /// A tensor with one value everywhere.
  public static func full(_ shape: [Int], _ value: Double, dtype: DType = .float32) -> Tensor {
    Operator.full(.ints(shape), .double(value), .dtype(dtype), .none, .device(.current))
  }

  /// A tensor of zeros.
  public static func zeros(_ shape: [Int], dtype: DType = .float32) -> Tensor {
    full(shape, 0, dtype: dtype)
  }

  /// A tensor of ones.
  public static func ones(_ shape: [Int], dtype: DType = .float32) -> Tensor {
    full(shape, 1, dtype: dtype)
  }

  /// The integers from 0 to `count` − 1.
  public static func range(_ count: Int) -> Tensor {
    Operator.arange(.int(count), .dtype(.int64), .none, .device(.current))
  }

  /// Independent draws from a normal distribution.
  public static func normal(
    _ shape: [Int], mean: Double = 0, standardDeviation: Double = 1, using generator: Generator
  ) -> Tensor {
    drawn(shape) {
      Operator.normalInPlace(.tensor(zeros(shape)), .double(mean), .double(standardDeviation), .generator(generator))
    }
  }

  /// Independent draws from a uniform distribution over a range.
  public static func uniform(_ shape: [Int], in range: ClosedRange<Double>, using generator: Generator) -> Tensor {
    drawn(shape) {
      Operator.uniformInPlace(
        .tensor(zeros(shape)), .double(range.lowerBound), .double(range.upperBound), .generator(generator))
    }
  }

  /// Independent draws that are one with a probability and zero otherwise.
  public static func bernoulli(_ shape: [Int], probability: Double, using generator: Generator) -> Tensor {
    drawn(shape) { Operator.bernoulliInPlace(.tensor(zeros(shape)), .double(probability), .generator(generator)) }
  }

  /// Independent draws from a normal distribution around zero, cut off at two units as timm's and PyTorch's
  /// `trunc_normal_`.
  public static func truncatedNormal(
    _ shape: [Int], standardDeviation: Double, using generator: Generator
  ) -> Tensor {
    // The inverse distribution function of uniform draws between those of −2 and 2, which are absolute limits there.
    // Below one even for a narrow distribution: a float draw of exactly −1, one in 2²⁴, would otherwise give −2 itself.
    let limit = min(erf(2 / standardDeviation / 2.0.squareRoot()), 1 - 0x1p-24)
    return drawn(shape) {
      let draws = uniform(shape, in: -limit...limit, using: generator)
      let values = Operator.erfInverseInPlace(.tensor(draws)) * (standardDeviation * 2.0.squareRoot())
      return values.clamped(from: -2, to: 2)
    }
  }

  /// The identity matrix.
  public static func identity(_ size: Int) -> Tensor {
    Operator.identity(.int(size), .dtype(.float32), .none, .device(.current))
  }
}
