import NeuralNetworks
import Objectives
import Optimization
import Torch
import Views

/// Small random views and networks to check methods with.
public enum SmallViews {
  /// A transformer of two blocks, or a residual network of eight channels; for views of 16 pixels.
  public static func backbone(channels: Int = 3, isTransformer: Bool) -> BackboneConfiguration {
    var backbone = BackboneConfiguration()
    backbone.channels = channels
    if isTransformer {
      (backbone.name, backbone.width, backbone.depth, backbone.patchSize) = (.vitTiny, 16, 2, 4)
      backbone.imageSize = 16
    } else {
      (backbone.name, backbone.stem, backbone.width) = (.resnet18, .cifar, 8)
    }
    return backbone
  }

  /// Two global views of a group each and two local ones, or two global views of one group.
  public static func plan(takesLocalViews: Bool) -> ViewPlan {
    takesLocalViews
      ? ViewPlan([
        ViewGroup("global", used: 1), ViewGroup("global_solarized", used: 1),
        ViewGroup("local", used: 2, isLocal: true),
      ]) : .pair
  }

  /// The first step of a training of one.
  public static func context(batch: Int, seed: UInt64 = 1) -> StepContext {
    StepContext(
      TrainingProgress(stepsPerEpoch: 1, totalEpochs: 1), BatchDraw(seed: seed, epoch: 0, samples: Array(0..<batch)))
  }

  /// Random pixels for every candidate view, 16 pixels wide and 8 for local ones, with crops, and with masks where the
  /// method draws some.
  public static func pool<Method: SelfSupervisedMethod>(
    for method: Method, sizes: [Int], batch: Int = 6, channels: Int = 3, seed: UInt64 = 1
  ) -> ViewPool {
    let draw = BatchDraw(seed: seed, epoch: 0, samples: Array(0..<batch))
    return ViewPool(
      zip(plan(takesLocalViews: Method.takesLocalViews).groups, sizes).enumerated().map { index, element in
        let (group, count) = element
        let side = group.isLocal ? 8 : 16
        let views = MaskedViews(group: index, count: count, size: side, isLocal: group.isLocal)
        return ViewPool.Group(
          .normal([count, batch, side, side, channels], using: Generator(seed: seed + UInt64(index))),
          isLocal: group.isLocal, masks: method.masks(of: views, for: draw),
          parameters: (0..<count).map { member in
            (0..<batch).map { image in
              let crop = CropBox(top: 3 * member + image, left: 2 * index, height: 20, width: 20 + member)
              return ViewParameters(sourceWidth: 50, sourceHeight: 50, crop: crop)
            }
          })
      })
  }
}
