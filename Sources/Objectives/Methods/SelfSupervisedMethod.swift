import NeuralNetworks
import Optimization
import RunConfiguration
import Torch

/// A self-supervised objective.
///
/// The network runs once a view in `encode`; all that relates views lives in `sampleLosses`, so the same tensor trains
/// (its mean is the loss) and ranks (its entries are the hardness of each image's views); only what belongs to no image
/// is apart, in `batchLoss`. State changes in `didStep` and
/// nowhere else, so scoring cannot disturb training.
public protocol SelfSupervisedMethod: Module, SendableMetatype {
  /// The method's own section of the configuration.
  associatedtype Configuration: MethodConfiguration
  /// What one view becomes.
  associatedtype Encoding

  /// The name in configurations.
  static var name: String { get }
  /// One line for lists.
  static var summary: String { get }
  /// Whether an image's loss depends on the other images of the batch by itself, normalization aside; such losses see a
  /// part of the batch where it goes through in parts (`training.accumulation`). False by default.
  static var couplesBatch: Bool { get }
  /// Whether the loss takes small local crops beside two global views. False by default: two global views.
  static var takesLocalViews: Bool { get }

  /// Builds the networks; a method with a teacher makes two backbones.
  init(_ configuration: Configuration, backbone: MakeBackbone, using generator: Generator)

  /// What is kept after pretraining: probed, exported.
  var encoder: any Backbone { get }
  /// All trainable parameters, in groups that are optimized alike.
  var parameterGroups: [ParameterGroup] { get }

  /// Which patches of candidate views the student does not see, `[count, batch, patches]` of zeros and ones, as a
  /// function of the draw alone; nil, the default, for methods without masks.
  func masks(of views: MaskedViews, for draw: BatchDraw) -> Tensor?

  /// Whether there are `masks`. False by default.
  static var hidesPatches: Bool { get }

  /// Runs the networks on views.
  func encode(_ views: [View], for pass: Pass) -> [Encoding]

  /// Whether `encodeByTeacher` exists. False by default.
  static var hasTeacher: Bool { get }
  /// Runs the teacher alone, which stands in for the student: views are then scored by one network instead of two. Where
  /// all views have `targets` it may take these.
  func encodeByTeacher(_ views: [View], for pass: Pass) -> [Encoding]

  /// The loss of each image, shape `[batch]`, for encodings in slot order; its mean is the training loss, but for
  /// `batchLoss`. Pure.
  func sampleLosses(_ encodings: [Encoding], in context: StepContext) -> Tensor

  /// A part of the training loss that belongs to the batch as a whole and ranks no image's views, a scalar; nil, the
  /// default, for none. Pure.
  func batchLoss(_ encodings: [Encoding], in context: StepContext) -> Tensor?

  /// `sampleLosses` of every choice. Overridden for speed only.
  func choiceLosses(_ encodings: [Encoding], over space: CandidateSpace, in context: StepContext) -> ViewScores

  /// Whether targets are vectors of a whole view, `[batch, width]`, so that those of several views have a mean. False by
  /// default.
  static var averagesTargets: Bool { get }
  /// What the targets of a view are made of, without gradients; `encode` takes it instead of computing it where a view
  /// has it as its `targets`. Empty by default, and for views that no target is made of.
  func targets(of encoding: Encoding) -> [Tensor]
  /// Whether targets of the scoring pass are what the training pass would compute, so that they are not computed twice.
  /// False by default.
  var reusesTargets: Bool { get }

  /// The embedding that collapse shows in, `[batch, width]`, of one encoding.
  func embedding(_ encoding: Encoding) -> Tensor

  /// The encodings that `didStep` gets of a batch that went through in parts: those of the parts so far, joined, and of
  /// the next one.
  ///
  /// By default those of the last part alone, which does where `didStep` looks at none.
  func joined(_ earlier: [Encoding], with next: [Encoding]) -> [Encoding]

  /// Moves teacher, center or queue after an optimizer step. Nothing by default.
  func didStep(_ encodings: [Encoding], in context: StepContext)
}

/// A method's own section of a configuration; its defaults are the published setting.
public protocol MethodConfiguration: ComponentSettings {
  /// Notes the mistakes in the section, or in what the method is to be trained with. None by default.
  func check(with setting: MethodSetting, _ report: inout SettingReport)
}

extension MethodConfiguration {
  /// No checks beyond types by default.
  public func check(with setting: MethodSetting, _ report: inout SettingReport) {}
}

/// The setting that a method is trained in, for checks before anything is built.
public struct MethodSetting: Sendable {
  /// The network.
  public var backbone: BackboneConfiguration
  /// Images that go through the networks together: those of a step, or of a part of it.
  public var batchSize: Int

  /// Describes a training.
  public init(backbone: BackboneConfiguration, batchSize: Int) {
    self.backbone = backbone
    self.batchSize = batchSize
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
  /// A loss of its own for each image.
  public static var couplesBatch: Bool { false }

  /// Two global views.
  public static var takesLocalViews: Bool { false }

  /// None.
  public func batchLoss(_ encodings: [Encoding], in context: StepContext) -> Tensor? { nil }

  /// No teacher.
  public static var hasTeacher: Bool { false }
  /// False by default: students see whole views.
  public static var hidesPatches: Bool { false }

  /// There is none.
  public func encodeByTeacher(_ views: [View], for pass: Pass) -> [Encoding] {
    preconditionFailure("\(Self.name) has no teacher")
  }

  /// Targets have no mean.
  public static var averagesTargets: Bool { false }

  /// No masks.
  public func masks(of views: MaskedViews, for draw: BatchDraw) -> Tensor? { nil }

  /// The losses of one choice after the other.
  public func choiceLosses(_ encodings: [Encoding], over space: CandidateSpace, in context: StepContext) -> ViewScores {
    .listed(.stacked(space.candidates.map { choice in sampleLosses(choice.map { encodings[$0] }, in: context) }))
  }

  /// No targets.
  public func targets(of encoding: Encoding) -> [Tensor] { [] }

  /// Computed again.
  public var reusesTargets: Bool { false }

  /// Those of the last part.
  public func joined(_ earlier: [Encoding], with next: [Encoding]) -> [Encoding] { next }

  /// Nothing to move.
  public func didStep(_ encodings: [Encoding], in context: StepContext) {}

  /// One group of everything trainable.
  public var parameterGroups: [ParameterGroup] { [ParameterGroup("all", namedParameters())] }
}

extension [View] {
  /// What the targets of views are made of: as the views have it, or computed without gradients where one has none.
  func targets(_ compute: ([View]) -> [[Tensor]]) -> [[Tensor]] {
    allSatisfy { !$0.targets.isEmpty } ? map(\.targets) : withoutGradients { compute(self) }
  }

  /// Runs `network` on views and hands back its outputs view by view, in float32.
  ///
  /// - Parameters:
  ///   - jointly: Whether views of one size go through as one batch; take `pass.isJoint` where the method does not care.
  ///   - network: Maps pixels `[rows, channels, height, width]` to tensors whose first dimension is rows.
  public func encoded(jointly: Bool, by network: (Tensor) -> [Tensor]) -> [[Tensor]] {
    guard jointly else { return map { network($0.pixels).map { $0.converted(to: .float32) } } }
    var results = [[Tensor]](repeating: [], count: count)
    var shapes: [[Int]] = []
    for view in self where !shapes.contains(view.pixels.shape) { shapes.append(view.pixels.shape) }
    for shape in shapes {
      let indices = indices.filter { self[$0].pixels.shape == shape }
      let outputs = network(.concatenated(indices.map { self[$0].pixels })).map {
        $0.converted(to: .float32).split(into: indices.count)
      }
      for (position, index) in indices.enumerated() { results[index] = outputs.map { $0[position] } }
    }
    return results
  }
}
