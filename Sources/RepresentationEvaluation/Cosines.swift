import Torch

extension LabelledFeatures {
  /// Cosines of these images to those of a bank, some rows at a time: `body` takes the first row's position and
  /// `[rows, images of the bank]`.
  ///
  /// - Parameters:
  ///   - rows: Which of these images; nil for all.
  ///   - countsThemselves: Whether the image of the bank at an image's own position is compared; otherwise its cosine
  ///     is −∞.
  func forEachCosines(
    of rows: Range<Int>? = nil, to bank: LabelledFeatures, countsThemselves: Bool = true,
    _ body: (_ start: Int, _ cosines: Tensor) throws -> Void
  ) rethrows {
    let columns = bank.features.normalized().transposed()
    // As many rows as take some 100 MB in double precision.
    let batch = max(1, min(512, 12_000_000 / max(1, bank.count)))
    let rows = rows ?? 0..<count
    for start in stride(from: rows.lowerBound, to: rows.upperBound, by: batch) {
      let count = min(batch, rows.upperBound - start)
      var cosines = features.narrowed(along: 0, from: start, count: count).normalized().matmul(columns)
      if !countsThemselves { cosines = cosines.replacingDiagonal(from: start, with: -.infinity) }
      try body(start, cosines)
    }
  }
}

extension Tensor {
  /// The positions of the `count` largest cosines of each row, in falling order, of equal ones the first position first.
  ///
  /// `largest` leaves the order of equal elements open, so that which of them are among the first 10 could depend on
  /// whether 10 or 200 were asked for.
  func nearest(_ count: Int) -> Tensor {
    // Cosines in single precision are multiples of 2⁻²⁴ above ½; in double precision there is room for positions between
    // them. Smaller cosines that differ by less than 2⁻³⁰ for a million images may change places.
    let positions = Tensor.range(shape[1]).converted(to: .float64) * 0x1p-50
    return (converted(to: .float64) - positions).largest(count).indices
  }

  /// These rows `start`, `start + 1`, … of a square table with a number where row and column are the same.
  func replacingDiagonal(from start: Int, with value: Double) -> Tensor {
    let rows = (Tensor.range(shape[0]) + start).reshaped([shape[0], 1])
    return replacing(where: Tensor.range(shape[1]) .== rows, with: value)
  }
}
