// Changes of storage. Only parameters, buffers and optimizers may use them, without recording gradients.
extension Tensor {
  package func copyInPlace(from source: Tensor) {
    Operator.copyInPlace.run(.tensor(self), .tensor(source))
  }

  package func addInPlace(_ other: Tensor) {
    Operator.addInPlace.run(.tensor(self), .tensor(other))
  }

  package func zeroInPlace() {
    Operator.zeroInPlace.run(.tensor(self))
  }

  /// `targets[i] += sources[i] · factor` in one call.
  package static func addInPlace(_ targets: [Tensor], _ sources: [Tensor], scaledBy factor: Double = 1) {
    Operator.foreachAddInPlace.run(.tensors(targets), .tensors(sources), .double(factor))
  }

  /// `targets[i] *= factor` in one call.
  package static func multiplyInPlace(_ targets: [Tensor], by factor: Double) {
    Operator.foreachMultiplyInPlace.run(.tensors(targets), .double(factor))
  }

  /// `targets[i] += weight · (sources[i] − targets[i])` in one call.
  package static func moveInPlace(_ targets: [Tensor], towards sources: [Tensor], by weight: Double) {
    Operator.foreachLerpInPlace.run(.tensors(targets), .tensors(sources), .double(weight))
  }
}
