import CTorch
import Synchronization

/// Owns one reference to a libtorch tensor and releases it.
final class TensorHandle: @unchecked Sendable {
  let pointer: OpaquePointer

  init(adopting pointer: OpaquePointer) {
    self.pointer = pointer
    Self.live.add(1, ordering: .relaxed)
  }

  deinit {
    ht_tensor_release(pointer)
    Self.live.subtract(1, ordering: .relaxed)
  }

  private static let live = Atomic(0)

  static var liveCount: Int { live.load(ordering: .relaxed) }
}
