import NeuralNetworks
import Torch

extension IBOT {
  /// Needs a transformer; widths and temperatures must be positive, momenta and mask ratios shares.
  public static func problem(in configuration: Configuration, with setting: MethodSetting) -> MethodProblem? {
    guard setting.backbone.isTransformer else {
      return MethodProblem(
        "",
        "hides patches, which only transformers have; set backbone.name to vit_tiny, vit_small or vit_base, not "
          + setting.backbone.name.rawValue)
    }
    for (key, value) in [
      ("student_temperature", configuration.studentTemperature),
      ("teacher_temperature", configuration.teacherTemperature),
      ("teacher_temperature_start", configuration.teacherTemperatureStart),
      ("patch_temperature", configuration.patchTemperature),
      ("patch_temperature_start", configuration.patchTemperatureStart),
    ] where !(value > 0) {
      return MethodProblem(key, "must be above 0, not \(value)")
    }
    let ratio = configuration.maskRatio
    guard ratio.count == 2, ratio[0] >= 0, ratio[0] <= ratio[1], ratio[1] < 1 else {
      return MethodProblem("mask_ratio", "must be two shares from 0 up to 1, the smaller first, not \(ratio)")
    }
    if !(0...1).contains(configuration.maskProbability) {
      return MethodProblem("mask_probability", "must be between 0 and 1, not \(configuration.maskProbability)")
    }
    if configuration.sharesPrototypes, configuration.prototypes != configuration.patchPrototypes {
      return MethodProblem(
        "patch_prototypes",
        "is \(configuration.patchPrototypes), but prototypes are shared (shares_prototypes) and "
          + "\(configuration.prototypes) in number")
    }
    return HardViewPretraining.problem(inMomentum: configuration.momentum)
      ?? HardViewPretraining.problem(inMomentum: configuration.centreMomentum, key: "centre_momentum")
      ?? HardViewPretraining.problem(inWidths: [
        ("head_hidden", configuration.headHidden), ("head_bottleneck", configuration.headBottleneck),
        ("prototypes", configuration.prototypes), ("patch_prototypes", configuration.patchPrototypes),
      ])
  }
}

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
