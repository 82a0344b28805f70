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
