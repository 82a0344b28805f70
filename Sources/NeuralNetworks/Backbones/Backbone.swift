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

/// What a backbone is made for.
public enum BackboneRole: Sendable {
  /// To be trained.
  case trained
  /// To follow another one; never leaves branches out.
  case teacher
}

/// Makes a backbone; called twice by methods that keep a teacher.
public typealias MakeBackbone = (BackboneRole) -> any Backbone
