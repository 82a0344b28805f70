import CTorch

/// Runs `body` without recording gradients.
///
/// Synchronous on purpose: libtorch's modes belong to the thread, so the body must not suspend.
public func withoutGradients<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
  let previous = ht_gradient_mode(false)
  defer { _ = ht_gradient_mode(previous) }
  return try body()
}

/// Whether operations on this thread are recorded for gradients.
public var recordsGradients: Bool { ht_gradients_are_recorded() }

/// Runs `body` so that convolutions and matrix products compute in `dtype`.
///
/// Holds for the current device. With float32 they compute in the type of their arguments, also within a scope of another
/// type. Weights converted on the way are kept until the scope ends, so use one scope for each forward pass.
public func withAutocast<Result, Failure: Error>(
  to dtype: DType, _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
  let previous = ht_autocast_enter(Device.current == .cuda, dtype.rawValue)
  defer { ht_autocast_leave(previous) }
  return try body()
}

extension Tensor {
  /// Adds the gradient of this scalar to every leaf it depends on.
  public func backward() {
    guard !isExhausted() else { return }
    _ = check(ht_tensor_backward(pointer), in: "backward", arguments: signature)
  }

  /// The gradient accumulated in this leaf; nil when there is none.
  public var gradient: Tensor? {
    ht_tensor_gradient(pointer).map { Tensor(TensorHandle(adopting: $0)) }
  }

  /// The same values, cut from the graph: no gradient flows through (the papers' stop-gradient).
  public func detached() -> Tensor {
    Operator.detach(.tensor(self))
  }

  /// A leaf with a copy of these values that gradients flow to.
  public func trainableCopy() -> Tensor {
    let copy = Operator.clone(.tensor(detached()))
    copy.setRequiresGradient(true)
    return copy
  }

  package func setRequiresGradient(_ required: Bool) {
    _ = check(ht_tensor_set_requires_gradient(pointer, required), in: "requires_grad_", arguments: signature)
  }

  package func clearGradient() {
    ht_tensor_clear_gradient(pointer)
  }
}
