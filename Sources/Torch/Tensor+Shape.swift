extension Tensor {
  /// The same elements, row-major, in another shape; one size may be −1.
  public func reshaped(_ shape: [Int]) -> Tensor { Operator.reshape(.tensor(self), .ints(shape)) }
  /// The dimensions in another order.
  public func permuted(_ order: [Int]) -> Tensor { Operator.permute(.tensor(self), .ints(order)) }
  /// Two dimensions exchanged.
  public func transposed(_ first: Int = -2, _ second: Int = -1) -> Tensor {
    Operator.transpose(.tensor(self), .int(first), .int(second))
  }
  /// The elements laid out row-major.
  public func contiguous() -> Tensor { Operator.contiguous(.tensor(self)) }
  /// A 4-dimensional tensor laid out as batch, height, width, channels.
  public func channelsLast() -> Tensor { Operator.contiguous(.tensor(self), .int(2)) }
  /// The elements converted to another type.
  public func converted(to dtype: DType) -> Tensor {
    self.dtype == dtype ? self : Operator.toDType(.tensor(self), .dtype(dtype))
  }

  /// Tensors joined along a dimension.
  public static func concatenated(_ tensors: [Tensor], along dimension: Int = 0) -> Tensor {
    tensors.count == 1 ? tensors[0] : Operator.cat(.tensors(tensors), .int(dimension))
  }
  /// Tensors of one shape joined along a new dimension.
  public static func stacked(_ tensors: [Tensor], along dimension: Int = 0) -> Tensor {
    Operator.stack(.tensors(tensors), .int(dimension))
  }
  /// `count` slices from `start` along a dimension, without a copy.
  public func narrowed(along dimension: Int, from start: Int, count: Int) -> Tensor {
    Operator.narrow(.tensor(self), .int(dimension), .int(start), .int(count))
  }
  /// Every `stride`-th slice along a dimension, from the first, without a copy.
  public func strided(along dimension: Int, by stride: Int) -> Tensor {
    Operator.slice(.tensor(self), .int(dimension), .none, .none, .int(stride))
  }
  /// Equal parts along a dimension, without a copy.
  public func split(into count: Int, along dimension: Int = 0) -> [Tensor] {
    guard !isExhausted() else { return Array(repeating: .undefined, count: count) }
    let size = shape[dimension]
    precondition(size % count == 0, "\(size) does not split into \(count) equal parts")
    return (0..<count).map { narrowed(along: dimension, from: $0 * (size / count), count: size / count) }
  }
  /// The slices along a dimension that an integer vector names.
  public func selecting(_ indices: Tensor, along dimension: Int = 0) -> Tensor {
    Operator.indexSelect(.tensor(self), .int(dimension), .tensor(indices))
  }
  /// This tensor with the slices along the first dimension that an integer vector names replaced, one for each name.
  public func replacingRows(_ indices: Tensor, with rows: Tensor) -> Tensor {
    Operator.indexCopy(.tensor(self), .int(0), .tensor(indices), .tensor(rows))
  }
  /// For each position of `indices`, the element at that index along a dimension; other sizes are those of `indices`.
  public func gathering(_ indices: Tensor, along dimension: Int) -> Tensor {
    Operator.gather(.tensor(self), .int(dimension), .tensor(indices))
  }
  /// The same elements with a new dimension of size one.
  public func expandingDimension(at dimension: Int) -> Tensor { Operator.unsqueeze(.tensor(self), .int(dimension)) }
  /// Dimensions of size one repeated to a shape, without a copy; −1 keeps a size.
  public func expanded(to shape: [Int]) -> Tensor { Operator.expand(.tensor(self), .ints(shape)) }
  /// Adds `values` at the positions that `indices` name along a dimension.
  public func addingScattered(_ values: Tensor, at indices: Tensor, along dimension: Int) -> Tensor {
    Operator.scatterAdd(.tensor(self), .int(dimension), .tensor(indices), .tensor(values))
  }
  /// Integers as vectors with a one at their position: `[…]` to `[…, classes]`.
  public func oneHot(classes: Int) -> Tensor { Operator.oneHot(.tensor(self), .int(classes)) }
}
