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
  /// Whether the loss takes small local crops beside two global views. False by default: two global views.
  static var takesLocalViews: Bool { get }

  /// The first mistake in a section of the configuration, or in what it is to be trained with; nil for none.
  static func problem(in configuration: Configuration, with setting: MethodSetting) -> MethodProblem?

  /// Builds the networks; a method with a teacher makes two backbones.
  init(_ configuration: Configuration, backbone: MakeBackbone, using generator: Generator)

  /// What is kept after pretraining: probed, exported.
  var encoder: any Backbone { get }
  /// All trainable parameters, in groups that are optimized alike.
  var parameterGroups: [ParameterGroup] { get }

  /// Which patches of candidate views the student does not see, `[count, batch, patches]` of zeros and ones, as a
  /// function of the draw alone; nil, the default, for methods without masks.
  func masks(of views: MaskedViews, for draw: SelectionDraw) -> Tensor?

  /// Runs the networks on views.
  ///
  /// - Parameter jointly: Whether views of one size go through as one batch, sharing batch statistics (as the
  ///   published code scores), or one after the other (as most methods train).
  func encode(_ views: [View], in phase: Phase, jointly: Bool) -> [Encoding]

  /// The loss of each image, shape `[batch]`, for encodings in slot order; its mean is the training loss. Pure.
  func sampleLosses(_ encodings: [Encoding], at progress: TrainingProgress) -> Tensor

  /// `sampleLosses` of every choice. Overridden for speed only.
  func choiceLosses(_ encodings: [Encoding], in space: CandidateSpace, at progress: TrainingProgress) -> ViewScores

  /// What the teacher made of a view, to be attached to the chosen views as their `targets`; empty, the default, where
  /// computing it again in another batch would give something else.
  func reusableTargets(_ encoding: Encoding) -> [Tensor]

  /// The embedding that collapse shows in, `[batch, width]`, of one encoding.
  func embedding(_ encoding: Encoding) -> Tensor

  /// Moves teacher, centre or queue after an optimizer step. Nothing by default.
  func didStep(_ encodings: [Encoding], at progress: TrainingProgress)
}

/// What a method is to be trained with, for checks before anything is built.
public struct MethodSetting: Sendable {
  /// The network.
  public var backbone: BackboneConfiguration
  /// Images a step.
  public var batchSize: Int
}

/// A mistake in a method's section.
public struct MethodProblem: Sendable {
  /// The key within the section; empty for the section as a whole.
  public var key: String
  /// What is wrong and what to do.
  public var reason: String

  /// Names a mistake.
  public init(_ key: String, _ reason: String) {
    self.key = key
    self.reason = reason
  }
}

/// The candidate views of one group that masks are drawn for.
public struct MaskedViews: Sendable {
  /// The index of the group in the view plan.
  public var group: Int
  /// How many candidates it has.
  public var count: Int
  /// Side of the views in pixels.
  public var size: Int
  /// Whether they are local crops.
  public var isLocal: Bool

  /// Describes a group's candidates.
  public init(group: Int, count: Int, size: Int, isLocal: Bool) {
    self.group = group
    self.count = count
    self.size = size
    self.isLocal = isLocal
  }
}

extension SelfSupervisedMethod {
  /// Two global views.
  public static var takesLocalViews: Bool { false }

  /// Nothing to complain about.
  public static func problem(in configuration: Configuration, with setting: MethodSetting) -> MethodProblem? { nil }

  /// No masks.
  public func masks(of views: MaskedViews, for draw: SelectionDraw) -> Tensor? { nil }

  /// The losses of one choice after the other.
  public func choiceLosses(
    _ encodings: [Encoding], in space: CandidateSpace, at progress: TrainingProgress
  ) -> ViewScores {
    .listed(.stacked(space.candidates.map { choice in sampleLosses(choice.map { encodings[$0] }, at: progress) }))
  }

  /// Nothing to use again.
  public func reusableTargets(_ encoding: Encoding) -> [Tensor] { [] }

  /// Nothing to move.
  public func didStep(_ encodings: [Encoding], at progress: TrainingProgress) {}

  /// One group of everything trainable.
  public var parameterGroups: [ParameterGroup] { [ParameterGroup("all", namedParameters())] }
}

/// Runs `network` on views and hands back its outputs view by view, in float32.
///
/// - Parameters:
///   - jointly: One batch for all views of a size.
///   - network: Maps `[rows, …]` to tensors whose first dimension is rows.
func forward(_ views: [View], jointly: Bool, _ network: (Tensor) -> [Tensor]) -> [[Tensor]] {
  guard jointly else { return views.map { network($0.pixels).map { $0.converted(to: .float32) } } }
  var results = [[Tensor]](repeating: [], count: views.count)
  var sizes: [[Int]] = []
  for view in views where !sizes.contains(view.pixels.shape) { sizes.append(view.pixels.shape) }
  for size in sizes {
    let indices = views.indices.filter { views[$0].pixels.shape == size }
    let outputs = network(.concatenated(indices.map { views[$0].pixels })).map {
      $0.converted(to: .float32).split(into: indices.count)
    }
    for (position, index) in indices.enumerated() { results[index] = outputs.map { $0[position] } }
  }
  return results
}
