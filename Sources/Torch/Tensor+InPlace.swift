// Changes of storage. Only parameters, buffers and optimizers may use them, without recording gradients.
extension Tensor {
  /// Copies the elements of a tensor on any device.
  package func copyInPlace(from source: Tensor) {
    Operator.copyInPlace.run(.tensor(self), .tensor(source.moved(to: device)))
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

  /// `targets[i] += weight · (sources[i] − targets[i])` in one call, by a weight on the device.
  package static func moveInPlace(_ targets: [Tensor], towards sources: [Tensor], by weight: Tensor) {
    Operator.foreachLerpByTensorsInPlace.run(
      .tensors(targets), .tensors(sources), .tensors(Array(repeating: weight, count: targets.count)))
  }

  /// `targets[i] *= factors[i]` in one call; factors of any shape that broadcasts.
  package static func multiplyInPlace(_ targets: [Tensor], by factors: [Tensor]) {
    Operator.foreachMultiplyByTensorsInPlace.run(.tensors(targets), .tensors(factors))
  }

  /// `targets[i] += scalar` in one call, by a scalar on the device.
  package static func addInPlace(_ targets: [Tensor], _ scalar: Tensor) {
    Operator.foreachAddTensorInPlace.run(.tensors(targets), .tensor(scalar))
  }

  /// `targets[i] += factor · scalar · sources[i]` in one call, by a scalar on the device.
  package static func addInPlace(
    _ targets: [Tensor], _ sources: [Tensor], times scalar: Tensor, scaledBy factor: Double
  ) {
    Operator.foreachAddProductInPlace.run(
      .tensors(targets), .tensors(sources), .tensors(Array(repeating: scalar, count: targets.count)), .double(factor))
  }

  /// Sets elements to zero where `condition`, booleans that broadcast, holds.
  package func zeroInPlace(where condition: Tensor) {
    Operator.maskedFillInPlace.run(.tensor(self), .tensor(condition), .double(0))
  }

  /// Whether the current device updates many parameters in one call: processors and GPUs do.
  package static var hasFusedOptimizers: Bool { [.cpu, .cuda].contains(Device.current) }

  /// One update of SGD on many tensors, rewriting values and momenta: m ← μm + g + λp; p ← p − ηm.
  /// - Parameter foundInfinity: A float32 tensor of one element: nothing changes where it is 1.
  package static func updateBySGD(
    _ values: [Tensor], gradients: [Tensor], momenta: [Tensor], learningRate: Double, momentum: Double,
    weightDecay: Double, foundInfinity: Tensor?
  ) {
    Operator.fusedSGDInPlace.run(
      .tensors(values), .tensors(gradients), .tensors(momenta), .double(weightDecay), .double(momentum),
      .double(learningRate), .double(0), .bool(false), .bool(false), .bool(false), .none,
      foundInfinity.map(Argument.tensor) ?? .none)
  }

  /// The Euclidean norm of each tensor, in one call.
  package static func norms(of tensors: [Tensor]) -> [Tensor] {
    Operator.foreachNorm.call([.tensors(tensors), .int(2)], results: tensors.count)
  }

  /// Multiplies tensors by `factor`, a float32 scalar, and sets `sawOverflow` to 1 where any element is not finite.
  package static func unscaleInPlace(_ tensors: [Tensor], by factor: Tensor, sawOverflow: Tensor) {
    Operator.checkAndUnscaleInPlace.run(.tensors(tensors), .tensor(sawOverflow), .tensor(factor))
  }

  /// Moves the factor of a scaled loss: down after an overflow, up after `interval` updates without one.
  /// - Parameter streak: The updates since the last change, an int32 scalar that is counted on.
  package static func updateScaleInPlace(
    _ scale: Tensor, streak: Tensor, sawOverflow: Tensor, growth: Double, backoff: Double, interval: Int
  ) {
    Operator.updateScaleInPlace.run(
      .tensor(scale), .tensor(streak), .tensor(sawOverflow), .double(growth), .double(backoff), .int(interval))
  }

  /// One update of AdamW on many tensors, rewriting values and moments.
  /// - Parameters:
  ///   - steps: The number of each update, from 1.
  ///   - foundInfinity: A float32 tensor of one element: nothing changes where it is 1.
  package static func updateByAdamW(
    _ values: [Tensor], gradients: [Tensor], means: [Tensor], squares: [Tensor], steps: [Tensor],
    learningRate: Double, betas: [Double], weightDecay: Double, epsilon: Double, foundInfinity: Tensor? = nil
  ) {
    Operator.fusedAdamWInPlace.run(
      .tensors(values), .tensors(gradients), .tensors(means), .tensors(squares), .tensors([]), .tensors(steps),
      .double(learningRate), .double(betas[0]), .double(betas[1]), .double(weightDecay), .double(epsilon), .bool(false),
      .bool(false), .none, foundInfinity.map(Argument.tensor) ?? .none)
  }
}
