import Foundation

/// What workers bring together where they need no gradients.
extension Communicator {
  /// Sums of numbers over workers, each by itself, in double precision.
  /// - Throws: `TorchError` where others do not answer.
  public func sums(_ numbers: [Double]) throws -> [Double] {
    guard count > 1, !numbers.isEmpty else { return numbers }
    return try throwingExhaustion {
      withDevice(.cpu) { withoutGradients { sum(Tensor(numbers)).scalars(as: Double.self) } }
    }
  }

  /// A value of each worker, in the order of the workers.
  /// - Throws: `TorchError` where others do not answer; errors of encoding.
  public func gatheredValues<Value: Codable>(_ value: Value) throws -> [Value] {
    guard count > 1 else { return [value] }
    let text = String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    return try gathered(text).map { try JSONDecoder().decode(Value.self, from: Data($0.utf8)) }
  }

  /// Whole numbers of all workers, in the order of the workers; each may have as many as it wants.
  /// - Throws: `TorchError` where others do not answer.
  public func gathered(_ numbers: [Int]) throws -> [Int] {
    guard count > 1 else { return numbers }
    return try withDevice(.cpu) { try gatheredRows(Tensor(numbers)).scalars(as: Int.self) }
  }

  /// The rows of all workers, in the order of the workers; each may have as many as it wants.
  ///
  /// - Parameter rows: `[rows, …]`; of a worker that has none, the other sides do not matter.
  /// - Throws: `TorchError` where others do not answer, or memory runs out.
  public func gatheredRows(_ rows: Tensor) throws -> Tensor {
    guard count > 1 else { return rows }
    let shapes = try gathered(rows.shape.map(String.init).joined(separator: ","))
      .map { $0.split(separator: ",").compactMap { Int($0) } }
    let counts = shapes.map { $0.first ?? 0 }
    guard let longest = counts.max(), longest > 0, let filled = shapes.first(where: { ($0.first ?? 0) > 0 }) else {
      return rows
    }
    return try throwingExhaustion {
      withoutGradients {
        let row = Array(filled.dropFirst())
        let padding = Tensor.zeros([longest - counts[rank]] + row, dtype: rows.dtype)
        let all = gathered(counts[rank] == 0 ? padding : Tensor.concatenated([rows, padding]))
        return .concatenated(
          counts.enumerated().map { all.narrowed(along: 0, from: $0.offset * longest, count: $0.element) })
      }
    }
  }
}
