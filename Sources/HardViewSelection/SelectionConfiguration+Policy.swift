import NeuralNetworks
import Objectives
import Optimization
import RunConfiguration
import Torch

extension SelectionConfiguration {
  /// The policy as a scorer and a selector.
  /// - Parameter model: Predicts hardness for scores that leave out what is predicted, and learns from them.
  /// - Throws: `ConfigurationError` for a selector that is not known, or whose section has a mistake.
  public func policy(
    in setting: SelectionSetting, model: HardnessModel = HardnessModel()
  ) throws(ConfigurationError) -> Policy {
    let pass = ScoringPass(
      phase: phase, dtype: scoring.precision.dtype(besides: setting.dtype), isInt8: scoring.precision == .int8)
    let losses = LossScorer(pass, by: scoring.network, of: scoring.score, keepsTargets: targets != .chosen)
    let scorer: any ViewScorer =
      switch policy {
      case .leastOverlap: OverlapScorer()
      case .leastSimilar: FeatureScorer(stage: featureStage, pass)
      default: scoring.score == .unexplained ? UnexplainedScorer(losses: losses, model: model) : losses
      }
    let pairing: Pairing? =
      switch policy {
      case .hardestPairs: Pairing(takesHardest: true)
      case .randomPairs: Pairing(takesHardest: false)
      default: nil
      }
    return Policy(
      scorer: scorer, selector: try selector(among: setting.selectors),
      times: SelectionTimes(everySteps: everySteps, from: from, until: until, share: share), pairing: pairing,
      targets: targets)
  }

  private func selector(among own: [any SelectorComponent.Type]) throws(ConfigurationError) -> any ViewSelector {
    let eligibility = Eligibility(overlapFloor: overlapFloor, limit: limit, keepsFirstView: policy == .anchor)
    switch policy {
    case .hardest, .anchor, .leastOverlap, .leastSimilar: return Hardest(eligibility)
    case .easiest: return Easiest(eligibility)
    case .amongHardest: return AmongHardest(amongHardest, eligibility: eligibility)
    case .quantile: return QuantileChoice(quantile, eligibility: eligibility)
    case .softmax: return SoftmaxSampling(temperature: temperature, eligibility: eligibility)
    case .overlapThreshold: return OverlapThreshold(threshold)
    case .random, .all, .hardestPairs, .randomPairs, .none: return UniformChoice()
    default: return try Self.ownSelector(policy.rawValue, settings, among: own)
    }
  }

  private static func ownSelector(
    _ name: String, _ settings: ConfigurationTree, among own: [any SelectorComponent.Type]
  ) throws(ConfigurationError) -> any ViewSelector {
    func make<Selector: SelectorComponent>(_ type: Selector.Type) throws(ConfigurationError) -> any ViewSelector {
      let settings = try Selector.settings(from: settings)
      var report = SettingReport(at: "selection.settings")
      Selector.check(settings, &report)
      try report.validate()
      return Selector(settings)
    }
    guard let type = own.first(where: { $0.name == name }) else {
      throw ConfigurationError(
        path: "selection.policy",
        problem: .unknownValue(name, known: SelectionPolicy.builtIn.map(\.rawValue) + own.map { $0.name }))
    }
    return try make(type)
  }

  /// A configuration as a checkpoint holds it.
  init(savedAs text: String) throws(ConfigurationError) {
    let tree = try ConfigurationTree(yaml: text, source: "the checkpoint's selection").withSnakeCaseKeys
    self = try ConfigurationTree.decode(SelectionConfiguration(), overlaying: tree, at: "selection")
  }

  /// This selection with settings laid over it, such as `candidates=8` or `scoring.scale=0.5`.
  /// - Throws: `ConfigurationError` for an unknown key or a value of the wrong type.
  public func with(_ settings: [String]) throws -> SelectionConfiguration {
    var tree = try ConfigurationTree(encoding: self)
    for setting in settings { try tree.set(setting) }
    return try ConfigurationTree.decode(self, overlaying: tree, at: "selection")
  }
}
