import NeuralNetworks
import Optimization
import Torch

/// A self-supervised objective.
///
/// The network runs once a view in `encode`; all that relates views lives in `sampleLosses`, so the same tensor trains
/// (its mean is the loss) and ranks (its entries are the hardness of each image's views). State changes in `didStep` and
/// nowhere else, so scoring cannot disturb training.
public protocol SelfSupervisedMethod: Module, SendableMetatype {
  /// The method's own section of the configuration.
  associatedtype Configuration: Codable & Sendable
  /// What one view becomes.
  associatedtype Encoding

  /// The name in configurations.
  static var name: String { get }
  /// One line for lists.
  static var summary: String { get }
  /// The published setting.
  static var defaultConfiguration: Configuration { get }

  /// Builds the networks; a method with a teacher makes two backbones.
  init(_ configuration: Configuration, backbone: MakeBackbone, using generator: Generator)

  /// Which views the loss consumes.
  var viewPlan: ViewPlan { get }
  /// What is kept after pretraining: probed, exported.
  var encoder: any Backbone { get }
  /// All trainable parameters, in groups that are optimized alike.
  var parameterGroups: [ParameterGroup] { get }

  /// Runs the networks on views.
  ///
  /// - Parameter jointly: Whether views of one group go through as one batch, sharing batch statistics (as the
  ///   published code scores), or one after the other (as it trains).
  func encode(_ views: [View], in phase: Phase, jointly: Bool) -> [Encoding]

  /// The loss of each image, shape `[batch]`, for encodings in slot order; its mean is the training loss. Pure.
  func sampleLosses(_ encodings: [Encoding], at progress: TrainingProgress) -> Tensor

  /// `sampleLosses` of every choice, shape `[candidates, batch]`. Overridden for speed only.
  func candidateLosses(_ encodings: [Encoding], in space: CandidateSpace, at progress: TrainingProgress) -> Tensor

  /// The embedding that collapse shows in, `[batch, width]`, of one encoding.
  func embedding(_ encoding: Encoding) -> Tensor

  /// Moves teacher, centre or queue after an optimizer step. Nothing by default.
  func didStep(_ encodings: [Encoding], at progress: TrainingProgress)
}

extension SelfSupervisedMethod {
  /// The losses of one choice after the other.
  public func candidateLosses(_ encodings: [Encoding], in space: CandidateSpace, at progress: TrainingProgress)
    -> Tensor
  {
    .stacked(space.candidates.map { choice in sampleLosses(choice.map { encodings[$0] }, at: progress) })
  }

  /// Nothing to move.
  public func didStep(_ encodings: [Encoding], at progress: TrainingProgress) {}
}

/// Runs `network` on views and hands back its outputs view by view, in float32.
///
/// - Parameters:
///   - jointly: One batch for all views, which must then be of one size.
///   - network: Maps `[rows, …]` to tensors whose first dimension is rows.
func forward(_ views: [View], jointly: Bool, _ network: (Tensor) -> [Tensor]) -> [[Tensor]] {
  guard jointly, views.count > 1 else {
    return views.map { network($0.pixels).map { $0.converted(to: .float32) } }
  }
  let outputs = network(.concatenated(views.map(\.pixels))).map { $0.converted(to: .float32).split(into: views.count) }
  return views.indices.map { view in outputs.map { $0[view] } }
}
