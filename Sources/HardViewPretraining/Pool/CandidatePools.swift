import ImageData
import NeuralNetworks
import Optimization
import TensorViews
import Torch
import Views

/// Makes pools of candidate views out of loaded batches: which views are drawn, kept and rendered, and how large.
struct CandidatePools {
  /// What the loader draws of every image.
  let drawnViews: [DrawnViews]
  /// Whether views are rendered after they were loaded, so that batches must keep their images.
  let rendersLate: Bool
  /// The choices of a pool.
  let space: CandidateSpace
  /// All that were drawn, and those that exact selection would have; both are `space` where no views are dropped.
  let auditSpaces: (all: CandidateSpace, reference: CandidateSpace)

  private let plan: ViewPlan
  private let scoredSizes: [Int]
  private let threads: Int
  private let dropsViews: Bool
  /// Whether views are rendered with tensor operators, on the device that trains on them.
  private let rendersOnDevice: Bool

  /// The pools of a rule of selection; `configuration.selection` is not looked at.
  init(_ selection: SelectionConfiguration, in configuration: PretrainingConfiguration, views: ViewPipeline) {
    plan = views.plan
    space = selection.space(for: views.plan)
    auditSpaces = selection.auditSpaces(for: views.plan)
    threads = max(configuration.data.loaderThreadCount, 1)
    let dropsViews = selection.dropsViews
    self.dropsViews = dropsViews
    rendersOnDevice =
      Device.current != .cpu
      && views.groups.allSatisfy {
        TensorViewRenderer(ViewRenderer(recipe: $0.recipe, channels: configuration.backbone.channels)) != nil
      }
    let scoresSmall = selection.scoring.scale < 1 && space.count > 1
    scoredSizes = views.groups.map {
      scoresSmall ? selection.scoring.size(of: $0.recipe.size, backbone: configuration.backbone) : $0.recipe.size
    }
    let rendersLate = dropsViews || scoresSmall || rendersOnDevice
    self.rendersLate = rendersLate
    let loaderRenders = !dropsViews && !rendersOnDevice
    let (sizes, counts) = (scoredSizes, dropsViews ? [selection.drawn] : space.poolSizes)
    drawnViews = views.groups.enumerated().map { index, group in
      DrawnViews(group.recipe, count: counts[index], size: sizes[index], isRendered: loaderRenders)
    }
  }

  /// The views that are kept of those drawn, for each one and image, `[kept][image]` as numbers in the first group; nil
  /// where all are.
  ///
  /// The hardest pair by the model's prediction, and the first of the others, which are random ones.
  func kept(of batch: ViewBatch, by model: HardnessModel) -> [[Int]]? {
    guard dropsViews else { return nil }
    let parameters = batch.groups[0].parameters.prefix(auditSpaces.all.viewCount)
    var kept = [[Int]](repeating: [], count: space.poolSizes[0])
    for image in batch.indices.indices {
      for (place, view) in chosen(parameters.map { $0[image] }, by: model).enumerated() { kept[place].append(view) }
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

  /// The pool to select from; of a batch that holds more views than these pools draw, the first ones.
  func pool<Method: SelfSupervisedMethod>(
    of batch: ViewBatch, keeping kept: [[Int]]?, for method: Method, draw: SelectionDraw
  ) -> ViewPool {
    let source = source(of: batch)
    return ViewPool(
      batch.groups.enumerated().map { index, group in
        let (fullSize, size) = (group.drawn.recipe.size, scoredSizes[index])
        let numbers = kept ?? Self.first(space.poolSizes[index], of: batch)
        let views = CandidateViews(group: index, numbers: numbers, isLocal: plan.groups[index].isLocal)
        var pool = self.group(views, of: batch, source, size: size, for: method, draw: draw)
        if size != fullSize {
          let masks = masks(views, size: fullSize, for: method, draw: draw)
          pool.full = ViewPool.FullViews(masks: masks) { chosen in
            let chosen = chosen.map { slot in slot.enumerated().map { numbers[$1][$0] } }
            return rendered(chosen, ofGroup: index, of: batch, source, size: fullSize)
          }
        }
        return pool
      })
  }

  /// For each image the chosen views as numbers among all that were drawn.
  ///
  /// - Parameter slots: The chosen views in the pool, `[slot][image]`; nil when all images take the first ones.
  func drawnNumbers(of slots: [[Int]]?, keeping kept: [[Int]]?, images: Int) -> [[Int]] {
    (0..<images).map { image in
      space.first.enumerated().map { slot, first in
        let view = slots?[slot][image] ?? first
        return kept?[view][image] ?? view
      }
    }
  }

  /// Exact losses of all drawn views; moves no statistic.
  ///
  /// - Parameter reference: The choices that exact selection would have.
  func audit<Method: SelfSupervisedMethod>(
    _ batch: ViewBatch, against reference: CandidateSpace, for method: Method, dtype: DType,
    at progress: TrainingProgress, draw: SelectionDraw
  ) -> HardnessAudit {
    let (pool, all) = (auditPool(of: batch, for: method, draw: draw), auditSpaces.all)
    let scores = LossScorer(phase: .score, dtype: dtype).score(pool, in: all, method: method, at: progress).scores
    return HardnessAudit(scores, in: all, reference: reference, parameters: pool.parameters ?? [], draw: draw)
  }

  /// All drawn views at the size that is trained on.
  private func auditPool<Method: SelfSupervisedMethod>(
    of batch: ViewBatch, for method: Method, draw: SelectionDraw
  ) -> ViewPool {
    let source = source(of: batch)
    return ViewPool(
      batch.groups.enumerated().map { index, group in
        let numbers = Self.first(auditSpaces.all.poolSizes[index], of: batch)
        let views = CandidateViews(group: index, numbers: numbers, isLocal: plan.groups[index].isLocal)
        return self.group(views, of: batch, source, size: group.drawn.recipe.size, for: method, draw: draw)
      })
  }

  /// Which of a batch's drawn views are candidates, `[candidate][image]`.
  private struct CandidateViews {
    var group: Int
    var numbers: [[Int]]
    var isLocal: Bool
  }

  private static func first(_ count: Int, of batch: ViewBatch) -> [[Int]] {
    (0..<count).map { Array(repeating: $0, count: batch.indices.count) }
  }

  /// Candidates at a size, rendered unless the loader has done that.
  private func group<Method: SelfSupervisedMethod>(
    _ views: CandidateViews, of batch: ViewBatch, _ source: SourceImages?, size: Int, for method: Method,
    draw: SelectionDraw
  ) -> ViewPool.Group {
    let group = batch.groups[views.group]
    let isLoaded =
      group.drawn.isRendered && group.drawn.size == size && views.numbers == Self.first(group.drawn.count, of: batch)
    return ViewPool.Group(
      isLoaded
        ? tensor(group.pixels, size: size, of: batch)
        : rendered(views.numbers, ofGroup: views.group, of: batch, source, size: size),
      isLocal: views.isLocal,
      masks: masks(views, size: size, for: method, draw: draw),
      parameters: views.numbers.map { candidate in
        candidate.enumerated().map { group.parameters[$1][$0] }
      })
  }

  private func masks<Method: SelfSupervisedMethod>(
    _ views: CandidateViews, size: Int, for method: Method, draw: SelectionDraw
  ) -> Tensor? {
    method.masks(
      of: MaskedViews(group: views.group, count: views.numbers.count, size: size, isLocal: views.isLocal), for: draw)
  }

  /// The batch's images on the device, where views are rendered there.
  private func source(of batch: ViewBatch) -> SourceImages? {
    rendersOnDevice ? SourceImages(batch.images, channels: batch.channels) : nil
  }

  /// Renders views now: `[slots, batch, size, size, channels]`.
  ///
  /// - Parameter chosen: For each slot and image the number of a drawn view.
  private func rendered(
    _ chosen: [[Int]], ofGroup group: Int, of batch: ViewBatch, _ source: SourceImages?, size: Int
  ) -> Tensor {
    guard let source else {
      return tensor(
        batch.rendered(group: group, chosen: chosen, size: size, threads: threads), size: size, of: batch)
    }
    let drawn = batch.groups[group]
    let renderer = TensorViewRenderer(
      ViewRenderer(
        recipe: drawn.drawn.recipe, channels: batch.channels, size: size, format: drawn.pixels.format))!
    let views = chosen.flatMap { slot in
      slot.enumerated().map { TensorViewRenderer.Request(image: $0, drawn.parameters[$1][$0]) }
    }
    return renderer.render(views, of: source).reshaped([chosen.count, batch.indices.count, size, size, batch.channels])
  }

  /// `[views, batch, size, size, channels]` over a buffer's memory.
  private func tensor(_ buffer: PixelBuffer, size: Int, of batch: ViewBatch) -> Tensor {
    let views = buffer.count / (batch.indices.count * size * size * batch.channels)
    return Tensor(
      borrowing: buffer.bytes(), shape: [views, batch.indices.count, size, size, batch.channels],
      dtype: DType(buffer.format), owner: buffer)
  }
}
