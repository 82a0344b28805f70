import CTorch

extension Tensor {
  /// These values with a gradient that a closure computes from the gradient of the result.
  ///
  /// - Parameters:
  ///   - inputs: What gradients flow to.
  ///   - gradient: Given the gradient of the result, returns one for each input, or nil where none flows. Gradients of
  ///     gradients are not recorded.
  func withGradient(to inputs: [Tensor], _ gradient: @escaping (Tensor) -> [Tensor?]) -> Tensor {
    guard !isExhausted() else { return .undefined }
    let context = Unmanaged.passRetained(GradientClosure(gradient)).toOpaque()
    var result: ht_tensor?
    let pointers: [ht_tensor?] = inputs.map(\.pointer)
    let status = withExtendedLifetime(inputs) {
      ht_tensor_with_gradient(
        pointer, pointers, pointers.count, GradientClosure.call, { Unmanaged<AnyObject>.fromOpaque($0!).release() },
        context, &result)
    }
    guard check(status, in: "gradient", arguments: signature), let result else { return .undefined }
    return Tensor(TensorHandle(adopting: result))
  }

  /// Calls `body` whenever a gradient has been added to this leaf; an earlier closure is forgotten.
  func watchGradient(_ body: @escaping () -> Void) {
    let context = Unmanaged.passRetained(Watcher(body)).toOpaque()
    let status = ht_tensor_watch_gradient(
      pointer, { Unmanaged<Watcher>.fromOpaque($0!).takeUnretainedValue().body() },
      { Unmanaged<AnyObject>.fromOpaque($0!).release() }, context)
    _ = check(status, in: "gradient hook", arguments: signature)
  }
}

private final class Watcher {
  let body: () -> Void

  init(_ body: @escaping () -> Void) {
    self.body = body
  }
}

/// A closure with the scopes that it was made in: gradients on GPUs are computed by threads of libtorch.
private final class GradientClosure {
  private let body: (Tensor) -> [Tensor?]
  private let device = Device.current
  private let exhaustion = ExhaustionScope.current

  init(_ body: @escaping (Tensor) -> [Tensor?]) {
    self.body = body
  }

  static let call: ht_gradient_callback = { context, upstream, gradients in
    let closure = Unmanaged<GradientClosure>.fromOpaque(context!).takeUnretainedValue()
    let upstream = Tensor(TensorHandle(adopting: upstream!))
    return ExhaustionScope.$current.withValue(closure.exhaustion) {
      let results = withDevice(closure.device) { withoutGradients { closure.body(upstream) } }
      guard !isExhausted() else { return false }
      for (place, gradient) in results.enumerated() { gradients![place] = gradient.map { ht_tensor_copy($0.pointer) } }
      return true
    }
  }
}
