import NeuralNetworks
import Torch

/// A transformer with a head for its class token and one for its patches, which may have prototypes of their own.
final class TokenNetwork: Module {
  let backbone: VisionTransformer
  let head: PrototypeHead
  let patchLastLayer: WeightNormalizedLinear?

  init(_ backbone: any Backbone, _ configuration: IBOT.Configuration, using generator: Generator) {
    guard let transformer = backbone as? VisionTransformer else {
      preconditionFailure("iBOT hides patches, which only transformers have")
    }
    self.backbone = transformer
    let trainsGain = !configuration.normalizesLastLayer
    head = PrototypeHead(
      transformer.featureCount, hidden: configuration.headHidden, bottleneck: configuration.headBottleneck,
      prototypes: configuration.prototypes, trainsGain: trainsGain, using: generator)
    patchLastLayer =
      configuration.sharesPrototypes
      ? nil
      : WeightNormalizedLinear(
        configuration.headBottleneck, configuration.patchPrototypes, trainsGain: trainsGain, using: generator)
  }

  /// `[…, features]` of patches to `[…, prototypes]`.
  func patchHead(_ features: Tensor, in phase: Phase) -> Tensor {
    (patchLastLayer ?? head.lastLayer)(head.directions(features, in: phase), in: phase)
  }

  /// The mean of the logits of patches `[batch, patches, features]`, `[prototypes]`.
  ///
  /// The last layer is linear, so it is applied once, to the mean.
  func meanPatchLogits(_ patches: Tensor) -> Tensor {
    let directions = head.directions(patches, in: .evaluate).mean(along: 0, 1).reshaped([1, -1])
    return (patchLastLayer ?? head.lastLayer)(directions, in: .evaluate).reshaped([-1])
  }
}
