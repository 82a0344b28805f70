extension Tensor {
  /// The sum, element by element, broadcasting.
  public static func + (left: Tensor, right: Tensor) -> Tensor { Operator.add(.tensor(left), .tensor(right)) }
  /// The difference, element by element, broadcasting.
  public static func - (left: Tensor, right: Tensor) -> Tensor { Operator.subtract(.tensor(left), .tensor(right)) }
  /// The product, element by element, broadcasting.
  public static func * (left: Tensor, right: Tensor) -> Tensor { Operator.multiply(.tensor(left), .tensor(right)) }
  /// The quotient, element by element, broadcasting.
  public static func / (left: Tensor, right: Tensor) -> Tensor { Operator.divide(.tensor(left), .tensor(right)) }
  /// Every element plus a number.
  public static func + (left: Tensor, right: Double) -> Tensor { Operator.addScalar(.tensor(left), .double(right)) }
  /// Every element minus a number.
  public static func - (left: Tensor, right: Double) -> Tensor { left + -right }
  /// A number plus every element.
  public static func + (left: Double, right: Tensor) -> Tensor { right + left }
  /// A number minus every element.
  public static func - (left: Double, right: Tensor) -> Tensor { right * -1.0 + left }
  /// A number times every element.
  public static func * (left: Double, right: Tensor) -> Tensor { right * left }
  /// A number divided by every element.
  public static func / (left: Double, right: Tensor) -> Tensor { Tensor.full([], left) / right }
  /// Every element times a number.
  public static func * (left: Tensor, right: Double) -> Tensor {
    Operator.multiplyScalar(.tensor(left), .double(right))
  }
  /// Every element divided by a number.
  public static func / (left: Tensor, right: Double) -> Tensor { left * (1 / right) }
  /// Every element plus an integer; keeps integer types.
  public static func + (left: Tensor, right: Int) -> Tensor { Operator.addScalar(.tensor(left), .int(right)) }
  /// Every element minus an integer; keeps integer types.
  public static func - (left: Tensor, right: Int) -> Tensor { left + -right }
  /// Every element times an integer; keeps integer types.
  public static func * (left: Tensor, right: Int) -> Tensor { Operator.multiplyScalar(.tensor(left), .int(right)) }
  /// The negation of every element.
  public static prefix func - (tensor: Tensor) -> Tensor { tensor * -1.0 }
  /// Where two tensors hold the same value, as booleans.
  public static func .== (left: Tensor, right: Tensor) -> Tensor { Operator.equal(.tensor(left), .tensor(right)) }

  /// Every element as a whole number: `.down`, `.towardZero` or `.toNearestOrEven`.
  public func rounded(_ rule: FloatingPointRoundingRule) -> Tensor {
    switch rule {
    case .down: Operator.floor(.tensor(self))
    case .towardZero: Operator.truncate(.tensor(self))
    case .toNearestOrEven: Operator.round(.tensor(self))
    default: preconditionFailure("libtorch does not round \(rule)")
    }
  }
  /// The exponential of every element.
  public func exponential() -> Tensor { Operator.exp(.tensor(self)) }
  /// The square root of every element.
  public func squareRoot() -> Tensor { Operator.squareRoot(.tensor(self)) }
  /// The magnitude of every element.
  public func magnitude() -> Tensor { Operator.absolute(.tensor(self)) }
  /// The logarithm of the sum of two tensors' exponentials, element by element, broadcasting.
  public func logAddingExponential(_ other: Tensor) -> Tensor { Operator.logAddExp(.tensor(self), .tensor(other)) }
  /// The smaller of two tensors, element by element, broadcasting.
  public func elementwiseMinimum(_ other: Tensor) -> Tensor {
    Operator.elementwiseMinimum(.tensor(self), .tensor(other))
  }
  /// Every element, or the bound that it lies beyond.
  public func clamped(from lower: Double, to upper: Double? = nil) -> Tensor {
    Operator.clamp(.tensor(self), .double(lower), upper.map(Argument.double) ?? .none)
  }
  /// Where elements are below a number, as booleans.
  public static func .< (left: Tensor, right: Double) -> Tensor { Operator.less(.tensor(left), .double(right)) }
  /// Where elements are above a number, as booleans.
  public static func .> (left: Tensor, right: Double) -> Tensor { Operator.greater(.tensor(left), .double(right)) }
  /// These elements where `condition` (booleans) holds, those of `other` elsewhere, broadcasting.
  public func replacing(where condition: Tensor, with other: Tensor) -> Tensor {
    Operator.whereCondition(.tensor(condition), .tensor(other), .tensor(self))
  }
  /// A number where `condition` (booleans) holds, these elements elsewhere.
  public func replacing(where condition: Tensor, with value: Double) -> Tensor {
    Operator.maskedFill(.tensor(self), .tensor(condition), .double(value))
  }
  /// The cosine of every element, in radians.
  public func cosine() -> Tensor { Operator.cosine(.tensor(self)) }
  /// The sine of every element, in radians.
  public func sine() -> Tensor { Operator.sine(.tensor(self)) }
  /// Which elements are neither infinite nor NaN, as booleans.
  public func isFinite() -> Tensor { Operator.isFinite(.tensor(self)) }

  /// The matrix product over the last two dimensions, broadcasting the others.
  public func matmul(_ other: Tensor) -> Tensor { Operator.matmul(.tensor(self), .tensor(other)) }

  /// The singular values of a matrix, the largest first.
  public func singularValues() -> Tensor { Operator.singularValues(.tensor(self)) }

  /// The logarithm of the magnitude of a square matrix's determinant.
  public func logDeterminant() -> Tensor { Operator.logDeterminant.call([.tensor(self)], results: 2)[1] }

  /// x in A x = b, for a square matrix A of full rank and a vector b.
  public func solving(for vector: Tensor) -> Tensor { Operator.solve(.tensor(self), .tensor(vector)) }

  /// The cosine of the angle between vectors along the last dimension, each norm at least 1e-8.
  public func cosineSimilarity(to other: Tensor) -> Tensor {
    Operator.cosineSimilarity(.tensor(self), .tensor(other), .int(-1), .double(1e-8))
  }

  /// The vectors along the last dimension scaled to length one.
  public func normalized() -> Tensor {
    self / (Operator.normalize(.tensor(self), .int(2), .ints([-1]), .bool(true)) + 1e-12)
  }
}

infix operator .== : ComparisonPrecedence
infix operator .< : ComparisonPrecedence
infix operator .> : ComparisonPrecedence
