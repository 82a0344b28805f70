import NeuralNetworks
import Objectives
import Optimization
import Torch
import Views

/// A policy that may cost less than exact selection, with the settings that choose it.
public struct CheaperPolicy: Sendable, Equatable {
  /// A description in a few words.
  public var summary: String
  /// The settings that differ from those it is compared with, as `--set` takes them, such as `selection.drawn=8`.
  public var settings: [String]
  /// The selection with these settings.
  public var selection: SelectionConfiguration

  /// Exact selection with a configuration's candidates: every view scored as it is trained on.
  public static func exact(like base: SelectionConfiguration) -> CheaperPolicy {
    var selection = SelectionConfiguration()
    selection.candidates = max(base.candidates, 2)
    selection.localCandidates = base.localCandidates
    return CheaperPolicy(summary: "exact", settings: [], selection: selection)
  }

  /// The policies that make sense for a training, exact selection first.
  public static func all(like base: SelectionConfiguration, in setting: SelectionSetting) -> [CheaperPolicy] {
    let (plan, backbone) = (setting.plan, setting.backbone)
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
    func scale(_ value: Double) -> String { "selection.scoring.scale=\(value)" }
    if setting.method.hasTeacher {
      let averages = setting.method.averagesTargets
      add(
        averages ? "the teacher's outputs, calm targets" : "the teacher's outputs",
        ["selection.scoring.network=teacher"] + (averages ? ["selection.targets=mean"] : [])
      ) {
        $0.scoring.network = .teacher
        if averages { $0.targets = .mean }
      }
    }
    if !backbone.isTransformer {
      add("running statistics", [evaluated]) { $0.phase = .evaluate }
    }
    for value in [0.75, 0.5, 0.4] {
      add("views \(value) as wide", [scale(value)]) { $0.scoring.scale = value }
    }
    if !backbone.isTransformer {
      add("views 0.5 as wide, running statistics", [scale(0.5), evaluated]) {
        ($0.scoring.scale, $0.phase) = (0.5, .evaluate)
      }
    }
    if !backbone.isTransformer, Device.current == .cpu, Engine.hasInt8Convolutions {
      for value in [1, 0.75, 0.5] {
        add(
          value < 1 ? "8-bit integers, views \(value) as wide" : "8-bit integers",
          ["selection.scoring.precision=int8"] + (value < 1 ? [scale(value)] : [])
        ) { ($0.scoring.precision, $0.scoring.scale) = (.int8, value) }
      }
    }
    if isPair {
      if count > 3 { add("3 candidates", ["selection.candidates=3"]) { $0.candidates = 3 } }
      for (kept, value) in [(3, 1.0), (2, 1.0), (4, 0.5), (3, 0.5)] where kept < 2 * count {
        let pruning = [
          "selection.drawn=\(2 * count)", "selection.candidates=\(kept)", "selection.audit_every_steps=50",
        ]
        let isSmall = value < 1
        add(
          "\(kept) of \(2 * count) by geometry and color" + (isSmall ? ", \(value) as wide" : ""),
          pruning + (isSmall ? [scale(value)] : [])
        ) {
          ($0.drawn, $0.candidates, $0.auditEverySteps, $0.scoring.scale) = (2 * count, kept, 50, value)
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

  /// The same for a share of the images alone; views that are not scored have no targets from scoring.
  func limited(to share: Double) -> CheaperPolicy {
    let value = "\(Double(Int(share * 100)) / 100)"
    var policy = self
    if selection.targets != .chosen {
      policy.summary = summary.replacing(", calm targets", with: "")
      policy.settings.removeAll { $0.hasPrefix("selection.targets=") }
      policy.selection.targets = .chosen
    }
    policy.summary += ", for \(Int(share * 100)) % of the images"
    policy.settings += ["selection.share.start=\(value)", "selection.share.end=\(value)"]
    policy.selection.share = Ramp(from: Double(value)!, to: Double(value)!)
    return policy
  }
}
