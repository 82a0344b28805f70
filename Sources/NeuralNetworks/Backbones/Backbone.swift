import Torch

/// A network that turns images into features: what pretraining is for.
public protocol Backbone: Layer {
  /// The width of its output.
  var featureCount: Int { get }
  /// The number of image channels it takes.
  var inputChannels: Int { get }
  /// The number of stages whose features can be had.
  var stageCount: Int { get }
  /// `[batch, channels, height, width]` to `[batch, featureCount]`.
  func callAsFunction(_ images: Tensor, in phase: Phase) -> Tensor
  /// Features after so many stages, 0 for those of the stem, averaged over the image: `[batch, width]`.
  func features(_ images: Tensor, afterStage stage: Int, in phase: Phase) -> Tensor
}

/// The purpose of a backbone within a method.
public enum BackboneRole: Sendable {
  /// Its weights are optimized.
  case trained
  /// It follows a trained backbone and is never optimized, so nothing in it is random.
  case teacher
}

/// Makes a backbone; called once for each role by methods that keep a teacher.
public typealias MakeBackbone = (BackboneRole) -> any Backbone
