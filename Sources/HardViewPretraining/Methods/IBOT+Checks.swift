import NeuralNetworks

extension IBOT {
  /// Needs a transformer; widths and temperatures must be positive, momenta and mask ratios shares.
  public static func problem(in configuration: Configuration, with setting: MethodSetting) -> MethodProblem? {
    guard setting.backbone.isTransformer else {
      return MethodProblem(
        "",
        "hides patches, which only transformers have; set backbone.name to vit_tiny, vit_small or vit_base, not "
          + setting.backbone.name.rawValue)
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
    return HardViewPretraining.problem(inPositive: [
      ("student_temperature", configuration.studentTemperature),
      ("teacher_temperature", configuration.teacherTemperature),
      ("teacher_temperature_start", configuration.teacherTemperatureStart),
      ("patch_temperature", configuration.patchTemperature),
      ("patch_temperature_start", configuration.patchTemperatureStart),
    ])
      ?? HardViewPretraining.problem(inWeights: [
        ("class_weight", configuration.classWeight), ("patch_weight", configuration.patchWeight),
      ])
      ?? HardViewPretraining.problem(inMomentum: configuration.momentum)
      ?? HardViewPretraining.problem(inMomentum: configuration.centreMomentum, key: "centre_momentum")
      ?? HardViewPretraining.problem(inWidths: [
        ("head_hidden", configuration.headHidden), ("head_bottleneck", configuration.headBottleneck),
        ("prototypes", configuration.prototypes), ("patch_prototypes", configuration.patchPrototypes),
      ])
  }
}
