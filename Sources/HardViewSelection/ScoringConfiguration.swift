import NeuralNetworks
import RunConfiguration
import Torch

/// How candidate views are scored, where that is to cost less than a full pass; `selection.scoring`.
public struct ScoringConfiguration: Codable, Sendable, Equatable {
  /// The precision of the scoring pass.
  public enum Precision: String, Codable, Sendable, CaseIterable {
    /// As training.
    case same
    /// bfloat16.
    case bf16
    /// float32.
    case fp32
    /// Residual networks convolve in 8-bit integers with running statistics, whatever `phase` says; other layers compute
    /// as training does. On processors alone.
    case int8

    /// The element type, beside a training that computes in `dtype`.
    func dtype(besides dtype: DType) -> DType {
      switch self {
      case .same, .int8: dtype
      case .bf16: .bfloat16
      case .fp32: .float32
      }
    }
  }

  /// What ranks the choices.
  public enum Score: String, Codable, Sendable, CaseIterable {
    /// The loss.
    case loss
    /// The loss minus that with the teacher in the student's place: choices that are hard for both teach nothing.
    case learnability
    /// The loss minus what a model of geometry and color predicts from the drawn parameters: views that are hard for being
    /// small, pale or far apart do not rank high by that alone.
    case unexplained
  }

  /// Whose outputs views are scored by.
  public enum Network: String, Codable, Sendable, CaseIterable {
    /// The student's and the teacher's, as in training.
    case student
    /// The teacher's alone, which stands in for the student.
    case teacher
  }

  /// The width of views for scoring as a share of their width in training, 0.1 to 1.
  ///
  /// Only the chosen ones are rendered in full. Transformers round to whole patches. Below 1, running statistics stay as
  /// they are.
  public var scale = 1.0
  /// The precision of the scoring pass.
  public var precision = Precision.same
  /// The score; `learnability` is for methods with a teacher (BYOL, MoCo v3, DINO, iBOT, SimDINO).
  public var score = Score.loss
  /// The network that scores: with `teacher` a pass over all views runs one network instead of two (BYOL, MoCo v3, DINO,
  /// iBOT).
  public var network = Network.student

  /// Exact scores.
  public init() {}

  /// The side in pixels at which views of a size are scored.
  func size(of size: Int, backbone: BackboneConfiguration) -> Int {
    let unit = backbone.isTransformer ? backbone.patchSize : 1
    return min(size, max(1, Int((Double(size) * scale / Double(unit)).rounded())) * unit)
  }

  /// Notes what makes no sense for a network on a device; `key` is that of this section.
  func check(
    _ backbone: BackboneConfiguration, device: Device, at key: any CodingKey, _ report: inout SettingReport
  ) {
    report.require(
      (0.1...1).contains(scale), at: key, within: "scale", reason: "must be from 0.1 to 1 (as trained), not \(scale)")
    guard precision == .int8 else { return }
    let reason: String? =
      if backbone.isTransformer {
        "but only residual networks have an 8-bit form here"
      } else if device != .cpu {
        "which is for processors alone"
      } else {
        Engine.hasInt8Convolutions
          ? nil : "which this libtorch (\(Engine.version)) or processor cannot convolve in (it takes VNNI or AMX)"
      }
    report.require(
      reason == nil, at: key, within: "precision", reason: "is int8, \(reason ?? ""); take bf16 or same")
  }
}
