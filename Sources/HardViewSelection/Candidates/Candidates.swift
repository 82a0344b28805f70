import ImageData
import NeuralNetworks
import Objectives
import TensorViews
import Torch
import Views

/// The settings of a training that selection needs.
public struct SelectionSetting: Sendable {
  /// Which views the loss consumes.
  public var plan: ViewPlan
  /// How the views of each group are made.
  public var recipes: [ViewRecipe]
  /// The network that is trained.
  public var backbone: BackboneConfiguration
  /// Threads that render on the processor.
  public var threads: Int
  /// The precision of convolutions and matrix products.
  public var dtype: DType
  /// Selectors of one's own.
  public var selectors: [any SelectorComponent.Type]
  /// What the method can do beyond its loss.
  public var method: MethodTraits
  /// The number of images that are trained on; 0 where that is unknown, and nothing is saved about each.
  public var imageCount = 0

  /// Describes a training.
  public init(
    plan: ViewPlan, recipes: [ViewRecipe], backbone: BackboneConfiguration, threads: Int, dtype: DType,
    selectors: [any SelectorComponent.Type] = [], method: MethodTraits = MethodTraits()
  ) {
    self.plan = plan
    self.recipes = recipes
    self.backbone = backbone
    self.threads = threads
    self.dtype = dtype
    self.selectors = selectors
    self.method = method
  }
}

/// What a method can do for selection beyond its loss.
public struct MethodTraits: Sendable, Equatable {
  /// The name, for messages.
  public var name = "the method"
  /// Whether a teacher can score views in the student's place.
  public var hasTeacher = false
  /// Whether the targets of several views have a mean.
  public var averagesTargets = false
  /// Whether patches of global views are hidden from the student.
  public var hidesPatches = false

  /// A method without either.
  public init() {}

  /// Those of a method.
  public init(_ method: any SelfSupervisedMethod.Type) {
    (name, hasTeacher) = (method.name, method.hasTeacher)
    (averagesTargets, hidesPatches) = (method.averagesTargets, method.hidesPatches)
  }
}

/// Which views are drawn of every image, and where, when and how large they are rendered.
struct Candidates {
  /// Where and when pixels are made.
  enum Rendering {
    /// By the loader, before it is known which views are chosen.
    case inLoader
    /// On the CPU, once it is known which views are needed.
    case afterwards
    /// With tensor operators, on the device that trains on them.
    case onDevice
  }

  let setting: SelectionSetting
  /// The choices among views that are scored.
  let space: CandidateSpace
  /// All choices among the drawn views that a choice is numbered in.
  let drawnSpace: CandidateSpace
  /// The choices for audits: among all drawn views, and those of exact selection.
  let auditSpaces: (all: CandidateSpace, reference: CandidateSpace)
  /// Whether a model of geometry and color keeps some of the drawn views before any is rendered.
  let dropsViews: Bool
  let rendering: Rendering
  /// The side at which the views of each group are scored, in pixels.
  let scoredSizes: [Int]

  init(_ selection: SelectionConfiguration, _ setting: SelectionSetting) {
    self.setting = setting
    space = selection.space(for: setting.plan)
    auditSpaces = selection.auditSpaces(for: setting.plan)
    dropsViews = selection.dropsViews
    drawnSpace = dropsViews ? CandidateSpace(plan: space.plan, poolSizes: [selection.drawn]) : space
    let hasTensorForm = setting.recipes.allSatisfy {
      TensorViewRenderer(ViewRenderer(recipe: $0, channels: setting.backbone.channels)) != nil
    }
    rendering = Device.current != .cpu && hasTensorForm ? .onDevice : selection.dropsViews ? .afterwards : .inLoader
    let scoresSmall = selection.scoring.scale < 1 && space.count > 1
    scoredSizes = setting.recipes.map {
      scoresSmall ? selection.scoring.size(of: $0.size, backbone: setting.backbone) : $0.size
    }
  }

  /// What the loader draws of every image.
  var drawnViews: [DrawnViews] {
    zip(setting.recipes, zip(drawnSpace.drawnSizes, scoredSizes)).map { recipe, group in
      DrawnViews(recipe, count: group.0, size: group.1, isRendered: rendering == .inLoader)
    }
  }

  /// Whether views are rendered after they were loaded, so that batches must keep their images.
  var keepsImages: Bool { rendering != .inLoader || isScaled }

  /// Whether views are scored at another size than they are trained at.
  var isScaled: Bool { zip(setting.recipes, scoredSizes).contains { $0.size != $1 } }

  /// The views of the first images that are kept of those drawn, `[kept][image]`; nil where all are.
  ///
  /// The hardest pair by the model's prediction, and the first of the others, which are random ones.
  func kept(of parameters: [[ViewParameters]], ofFirst count: Int, by model: HardnessModel) -> [[Int]]? {
    guard dropsViews else { return nil }
    let drawn = parameters.prefix(drawnSpace.viewCount)
    var kept = [[Int]](repeating: [], count: space.poolSizes[0])
    for image in 0..<count {
      for (place, view) in chosen(drawn.map { $0[image] }, by: model).enumerated() { kept[place].append(view) }
    }
    return kept
  }

  private func chosen(_ views: [ViewParameters], by model: HardnessModel) -> [Int] {
    guard model.coefficients != nil else { return Array(0..<space.poolSizes[0]) }
    var best = (views: (0, 1), hardness: -Double.infinity)
    for first in views.indices {
      for second in views.indices where second > first {
        let value = model.predict(PairGeometry.features(views[first], views[second]))
        if value > best.hardness { best = ((first, second), value) }
      }
    }
    let pair = [best.views.0, best.views.1]
    return (pair + views.indices.filter { !pair.contains($0) }.prefix(space.poolSizes[0] - 2)).sorted()
  }
}
