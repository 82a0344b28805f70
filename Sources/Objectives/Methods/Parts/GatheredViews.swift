import Torch

extension [Tensor] {
  /// The rows of all workers for each view, `[batch, width]` to `[count · batch, width]`, all views at once; gradients of
  /// all workers flow back.
  func gathered() -> [Tensor] {
    let workers = Workers.current
    guard workers.count > 1 else { return self }
    return workers.gathered(.stacked(self, along: 1)).split(into: count, along: 1).map {
      $0.reshaped([$0.shape[0], $0.shape[2]])
    }
  }
}
