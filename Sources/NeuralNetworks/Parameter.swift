import Torch

/// A trainable leaf with identity; a teacher's are frozen.
public final class Parameter {
  /// The values: a live alias of the storage that optimizers rewrite.
  public let value: Tensor

  /// Makes a parameter of a copy of initial values.
  public init(_ initial: Tensor) {
    value = initial.trainableCopy()
  }

  /// The gradient accumulated since the last `clearGradient()`; nil before the first backward pass.
  public var gradient: Tensor? { value.gradient }

  /// Whether gradients flow to it.
  public var isTrainable: Bool { value.requiresGradient }

  /// Stops gradients from flowing to it, for good: it is saved but not trained.
  public func freeze() {
    clearGradient()
    value.setRequiresGradient(false)
  }

  /// Forgets the accumulated gradient.
  public func clearGradient() {
    value.clearGradient()
  }
}

/// State that is saved with a module but not trained, such as running statistics.
public final class Buffer {
  /// The values: a live alias of storage that may be rewritten.
  public let value: Tensor

  /// Makes a buffer of initial values.
  public init(_ initial: Tensor) {
    value = initial
  }

  /// Rewrites the values, without gradients: how a center, a queue or a counter moves after a step.
  ///
  /// Nothing changes where the step itself is left out; see `withUpdates(where:_:)`.
  /// - Parameter new: A tensor of the same shape, on the same device.
  public func update(_ new: Tensor) {
    precondition(new.shape == value.shape, "a buffer of shape \(value.shape) cannot take values of shape \(new.shape)")
    withoutGradients {
      value.copyInPlace(from: UpdateCondition.current.map { value.replacing(where: $0, with: new) } ?? new)
    }
  }
}

/// Where the updates of a step take place.
package enum UpdateCondition {
  @TaskLocal package static var current: Tensor?
}

/// Runs `body` so that `Buffer.update(_:)` changes values only where `condition` holds, decided on the device.
///
/// - Parameter condition: A boolean scalar, such as whether the loss was finite.
public func withUpdates<Result>(where condition: Tensor, _ body: () throws -> Result) rethrows -> Result {
  try UpdateCondition.$current.withValue(condition) { try body() }
}

/// One entry of a module's state: a parameter or a buffer.
public enum StateEntry {
  /// A trainable leaf.
  case parameter(Parameter)
  /// Saved state.
  case buffer(Buffer)

  /// The live values.
  public var value: Tensor {
    switch self {
    case .parameter(let parameter): parameter.value
    case .buffer(let buffer): buffer.value
    }
  }
}
