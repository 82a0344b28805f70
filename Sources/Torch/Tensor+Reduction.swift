extension Tensor {
  /// The sum of all elements.
  public func sum() -> Tensor { Operator.sum(.tensor(self)) }
  /// The sum along dimensions.
  public func sum(along dimensions: Int..., keepingDimensions: Bool = false) -> Tensor {
    Operator.sumAlong(.tensor(self), .ints(dimensions), .bool(keepingDimensions))
  }
  /// The sums of the elements up to each one along a dimension.
  public func cumulativeSum(along dimension: Int) -> Tensor {
    Operator.cumulativeSum(.tensor(self), .int(dimension))
  }
  /// The mean of all elements.
  public func mean() -> Tensor { Operator.mean(.tensor(self)) }
  /// The mean along dimensions.
  public func mean(along dimensions: Int..., keepingDimensions: Bool = false) -> Tensor {
    Operator.meanAlong(.tensor(self), .ints(dimensions), .bool(keepingDimensions))
  }
  /// The standard deviation along dimensions, with Bessel's correction.
  public func standardDeviation(along dimensions: Int...) -> Tensor {
    Operator.standardDeviation(.tensor(self), .ints(dimensions), .int(1))
  }
  /// The largest element along dimensions.
  public func maximum(along dimensions: Int...) -> Tensor { Operator.maximum(.tensor(self), .ints(dimensions)) }
  /// The smallest element along a dimension.
  public func minimum(along dimension: Int) -> Tensor { Operator.minimum(.tensor(self), .ints([dimension])) }
  /// The index of the largest element along a dimension; the first of equals.
  public func argmax(along dimension: Int) -> Tensor { Operator.argmax(.tensor(self), .int(dimension)) }
  /// The logarithm of the sum of exponentials along a dimension.
  public func logSumExponential(along dimension: Int) -> Tensor {
    Operator.logSumExp(.tensor(self), .ints([dimension]))
  }
  /// The elements in rising order along a dimension.
  public func sorted(along dimension: Int) -> Tensor {
    Operator.sort.call([.tensor(self), .int(dimension)], results: 2)[0]
  }

  /// The `count` largest elements along a dimension, in falling order, and their indices.
  public func largest(_ count: Int, along dimension: Int = -1) -> (values: Tensor, indices: Tensor) {
    let results = Operator.topK.call([.tensor(self), .int(count), .int(dimension)], results: 2)
    return (results[0], results[1])
  }

  /// The softmax along a dimension.
  public func softmax(along dimension: Int = -1) -> Tensor { Operator.softmax(.tensor(self), .int(dimension)) }
  /// The logarithm of the softmax along a dimension.
  public func logSoftmax(along dimension: Int = -1) -> Tensor { Operator.logSoftmax(.tensor(self), .int(dimension)) }
}
