import NeuralNetworks
import Views

/// A way to select that may cost less than exact selection, with the settings that choose it.
public struct CheaperPolicy: Sendable, Equatable {
  /// What is done, in a few words.
  public var summary: String
  /// The settings that differ from those it is compared with, as `--set` takes them, such as `selection.drawn=8`.
  public var settings: [String]
  /// The rule with these settings.
  public var selection: SelectionConfiguration

  /// Exact selection with a configuration's candidates: every view scored as it is trained on.
  public static func exact(like base: SelectionConfiguration) -> CheaperPolicy {
    var selection = SelectionConfiguration()
    selection.candidates = max(base.candidates, 2)
    selection.localCandidates = base.localCandidates
    return CheaperPolicy(summary: "exact", settings: [], selection: selection)
  }

  /// The ways that make sense for a plan, exact selection first.
  public static func all(
    like base: SelectionConfiguration, plan: ViewPlan, backbone: BackboneConfiguration
  ) -> [CheaperPolicy] {
    let exact = exact(like: base)
    let count = exact.selection.candidates
    let isPair = plan.groups.count == 1 && plan.slotCount == 2
    var policies = [exact]
    func add(_ summary: String, _ settings: [String], _ change: (inout SelectionConfiguration) -> Void) {
      var selection = exact.selection
      change(&selection)
      policies.append(CheaperPolicy(summary: summary, settings: settings, selection: selection))
    }
    let evaluated = "selection.phase=evaluate"
    if !backbone.isTransformer {
      add("running statistics", [evaluated]) { $0.phase = .evaluate }
    }
    for scale in [0.75, 0.5] {
      let setting = "selection.scoring.scale=\(scale)"
      add("views \(scale) as wide", [setting]) { $0.scoring.scale = scale }
      if !backbone.isTransformer {
        add("views \(scale) as wide, running statistics", [setting, evaluated]) {
          ($0.scoring.scale, $0.phase) = (scale, .evaluate)
        }
      }
    }
    if isPair {
      if count > 3 { add("3 candidates", ["selection.candidates=3"]) { $0.candidates = 3 } }
      for kept in [3, 2] where kept < 2 * count {
        add(
          "\(kept) of \(2 * count) by geometry and colour",
          ["selection.drawn=\(2 * count)", "selection.candidates=\(kept)", "selection.audit_every_steps=25"]
        ) {
          ($0.drawn, $0.candidates, $0.auditEverySteps) = (2 * count, kept, 25)
        }
      }
    }
    for stage in 1...min(3, backbone.stageCount) {
      add(
        "features after stage \(stage)", ["selection.policy=least_similar", "selection.feature_stage=\(stage)"]
      ) {
        ($0.policy, $0.featureStage) = (.leastSimilar, stage)
      }
    }
    add("least overlap", ["selection.policy=least_overlap"]) { $0.policy = .leastOverlap }
    return policies
  }

  /// The same for a share of the images alone.
  func limited(to share: Double) -> CheaperPolicy {
    let value = "\(Double(Int(share * 100)) / 100)"
    var policy = self
    policy.summary += ", for \(Int(share * 100)) % of the images"
    policy.settings += ["selection.share.start=\(value)", "selection.share.end=\(value)"]
    policy.selection.share = Ramp(from: Double(value)!, to: Double(value)!)
    return policy
  }
}
