import Torch

/// One augmentation of every image in a batch.
public struct View: Sendable {
  /// The index of its group in the view plan.
  public var group: Int
  /// Whether it is one of the small crops that no target is made of.
  public var isLocal: Bool
  /// `[batch, channels, height, width]`, laid out channels-last.
  public var pixels: Tensor
  /// Which patches the student does not see, `[batch, patches]` of zeros and ones; nil for methods without masks.
  public var mask: Tensor?
  /// What its targets are made of, where that was computed beforehand (`SelfSupervisedMethod.targets(of:)`); else empty.
  public var targets: [Tensor] = []

  /// Wraps pixels.
  public init(group: Int, isLocal: Bool = false, pixels: Tensor, mask: Tensor? = nil) {
    self.group = group
    self.isLocal = isLocal
    self.pixels = pixels
    self.mask = mask
  }
}
