import CTorch

/// A stream of random numbers for tensors, whose state can be saved; draws are made on the CPU for every device.
public final class Generator {
  let pointer: OpaquePointer

  /// Starts the stream of a seed.
  public init(seed: UInt64) {
    pointer = ht_generator_create(seed)
  }

  deinit {
    ht_generator_release(pointer)
  }

  /// The position in the stream, as bytes for a checkpoint.
  public var state: Tensor {
    get {
      var result: ht_tensor?
      guard check(ht_generator_state(pointer, &result), in: "generator state", arguments: ""), let result else {
        return .undefined
      }
      return Tensor(TensorHandle(adopting: result))
    }
    set {
      let state = newValue.moved(to: .cpu)
      _ = check(ht_generator_set_state(pointer, state.pointer), in: "generator state", arguments: newValue.signature)
    }
  }
}
