import Torch

/// Runs `body` so that backbones stay as they are, whatever trains on their features.
///
/// No gradient flows into them, and nothing in them is random or moves: where a training step would normalize with the
/// statistics of the batch it still does, so that features are those that training goes on with, but running statistics
/// stay. Frozen passes hold no activations and need no backward pass.
/// - Parameter areFrozen: Whether they are; with false, `body` runs as it would without.
public func withFrozenBackbones<Result>(_ areFrozen: Bool = true, _ body: () throws -> Result) rethrows -> Result {
  try FrozenBackbones.$areOn.withValue(areFrozen, operation: body)
}

enum FrozenBackbones {
  @TaskLocal static var areOn = false

  /// Runs the forward pass of a backbone in the phase that it is to be in.
  static func pass<Result>(in phase: Phase, _ body: (Phase) -> Result) -> Result {
    guard areOn else { return body(phase) }
    return withoutGradients { body(phase == .train ? .score : phase) }
  }
}
