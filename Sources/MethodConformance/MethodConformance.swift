import HardViewPretraining
import HardViewSelection
import NeuralNetworks
import Objectives
import RunConfiguration
import Torch

/// Checks that a method keeps the promises of `SelfSupervisedMethod`, on small random images.
///
/// `try MethodConformance.check(MyMethod.self)` in a test is all that a method of one's own needs.
public struct MethodConformance<Method: SelfSupervisedMethod> {
  let configuration: Method.Configuration
  let backbone: BackboneConfiguration
  /// Images of a batch.
  let batch = 6
  /// How far losses that should be equal may be apart, as a share of their size.
  let tolerance: Float = 1e-4

  /// Prepares to check a method.
  ///
  /// - Parameters:
  ///   - configuration: The method's section; narrow heads make it fast.
  ///   - backbone: The network; by default a narrow residual network, or a transformer for methods that take local views.
  public init(
    _ method: Method.Type, configuration: Method.Configuration = Method.Configuration(),
    backbone: BackboneConfiguration = SmallViews.backbone(isTransformer: Method.takesLocalViews)
  ) {
    self.configuration = configuration
    self.backbone = backbone
  }

  /// Checks every property.
  /// - Throws: `ConformanceError` that lists what does not hold.
  public static func check(
    _ method: Method.Type, configuration: Method.Configuration = Method.Configuration(),
    backbone: BackboneConfiguration = SmallViews.backbone(isTransformer: Method.takesLocalViews)
  ) throws {
    let conformance = MethodConformance(method, configuration: configuration, backbone: backbone)
    let failures = try ConformanceProperty.allCases.flatMap { property in
      try conformance.failures(of: property).map { "\(property.rawValue): \($0)" }
    }
    if !failures.isEmpty { throw ConformanceError(method: Method.name, failures: failures) }
  }

  /// The violations of a property; empty where it holds.
  public func failures(of property: ConformanceProperty) throws -> [String] {
    var failures = Failures()
    switch property {
    case .settingsAreSound: checkSettings(&failures)
    case .lossesFollowTheImages: checkLosses(&failures)
    case .lossesAreTheImagesOwn: checkCoupling(&failures)
    case .gradientsReachWhatIsTrained: checkGradients(&failures)
    case .scoresAreLosses: checkScores(&failures)
    case .scoringChangesNothing: try checkScoring(&failures)
    case .targetsMayBeUsedAgain: try checkTargets(&failures)
    case .everyPolicySelects: try checkPolicies(&failures)
    case .checkpointsAreWhole: try checkCheckpoints(&failures)
    case .unsoundStepsChangeNothing: try checkUnsoundSteps(&failures)
    }
    return failures.list
  }

  func make(_ generator: Generator = Generator(seed: 0)) -> Method {
    Method(configuration, backbone: { backbone.makeBackbone(role: $0, using: generator) }, using: generator)
  }

  var plan: ViewPlan { SmallViews.plan(takesLocalViews: Method.takesLocalViews) }

  /// A space with more candidates of each group than are trained on.
  func space(spare: Int) -> CandidateSpace {
    CandidateSpace(plan: plan, poolSizes: plan.groups.map { $0.used + spare })
  }

  func pool(for method: Method, sizes: [Int], seed: UInt64 = 1) -> ViewPool {
    SmallViews.pool(for: method, sizes: sizes, batch: batch, channels: backbone.channels, seed: seed)
  }

  /// As many views as are trained on.
  func views(for method: Method) -> [View] { pool(for: method, sizes: plan.groups.map(\.used)).views }

  var context: StepContext { SmallViews.context(batch: batch) }
}

/// The promises of a method.
public enum ConformanceProperty: String, CaseIterable, Sendable {
  /// It has a name, a summary and defaults without mistakes.
  case settingsAreSound = "its name, summary and defaults are sound"
  /// There is one loss an image, and shuffled images give shuffled losses.
  case lossesFollowTheImages = "losses are one per image and follow a permutation of the images"
  /// Unless `couplesBatch` says otherwise, an image's loss is the same among fewer images, normalization aside.
  case lossesAreTheImagesOwn = "losses depend on the other images only where couplesBatch is true"
  /// Every trainable parameter gets a finite gradient and is in one group; frozen ones get none.
  case gradientsReachWhatIsTrained = "gradients reach every trainable parameter, and no other"
  /// The score of every choice is the loss of training on it, and the hardest choice is the hardest of all.
  case scoresAreLosses = "scores are the sample losses of each choice"
  /// Weights, statistics, centers, queues and the generator stay as they are.
  case scoringChangesNothing = "scoring changes nothing"
  /// Training on what the teacher made while scoring gives the loss that running it again gives.
  case targetsMayBeUsedAgain = "targets used again change nothing"
  /// Every policy chooses views of the right groups and trains on them.
  case everyPolicySelects = "every policy selects and trains"
  /// A checkpoint holds everything that the loss depends on.
  case checkpointsAreWhole = "a checkpoint holds everything that the loss depends on"
  /// A step whose loss is NaN changes no weight, center or queue; buffers are moved by `Buffer.update(_:)`.
  case unsoundStepsChangeNothing = "a step whose loss is NaN changes nothing"
}

/// A method does not keep its promises.
public struct ConformanceError: Error, CustomStringConvertible {
  /// The method's name.
  public let method: String
  /// The violations, a line each.
  public let failures: [String]

  /// The list.
  public var description: String {
    "\(method) does not keep the promises of SelfSupervisedMethod:\n"
      + failures.map { "- \($0)" }.joined(separator: "\n")
  }
}

/// Collects what does not hold.
struct Failures {
  private(set) var list: [String] = []

  mutating func require(_ condition: Bool, _ otherwise: @autoclosure () -> String) {
    if !condition { list.append(otherwise()) }
  }
}
