import Torch

/// A network that turns images into features: what pretraining is for.
public protocol Backbone: Layer {
  /// The width of its output.
  var featureCount: Int { get }
  /// The number of image channels it takes.
  var inputChannels: Int { get }
  /// `[batch, channels, height, width]` to `[batch, featureCount]`.
  func callAsFunction(_ images: Tensor, in phase: Phase) -> Tensor
}

/// Makes a backbone; called twice by methods that keep a teacher.
public typealias MakeBackbone = () -> any Backbone

/// Which backbone to build; the `backbone` section of a configuration.
public struct BackboneConfiguration: Codable, Sendable, Equatable {
  /// The depth of the residual network.
  public enum Name: String, Codable, Sendable, CaseIterable {
    /// Two basic blocks a stage.
    case resnet18
    /// 3, 4, 6 and 3 basic blocks.
    case resnet34
    /// 3, 4, 6 and 3 bottleneck blocks.
    case resnet50
  }

  /// The residual network.
  public var name = Name.resnet50
  /// How the image enters.
  public var stem = ResNet.Stem.imagenet
  /// Channels of the first stage; 64 in the published networks.
  public var width = 64
  /// Channels of the images: 1 (grey) or 3 (colour).
  public var channels = 3
  /// Whether each residual branch starts at zero.
  public var zeroInitResidual = true

  /// The published ResNet-50 for colour images.
  public init() {}

  /// Builds the network and draws its weights.
  public func makeBackbone(using generator: Generator) -> any Backbone {
    ResNet(
      kind: ResNet.Kind(name), stem: stem, width: width, inputChannels: channels,
      startsResidualsAtZero: zeroInitResidual,
      using: generator)
  }
}
