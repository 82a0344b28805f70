import ImageData
import NeuralNetworks
import Objectives
import TensorViews
import Torch
import Views

/// The views drawn of a loaded batch, rendered as its candidates say.
///
/// The batch may hold more views than the candidates draw; the first ones are taken.
final class LoadedViews: CandidateViews {
  private let candidates: Candidates
  private let batch: ViewBatch
  private let masksOf: (MaskedViews) -> Tensor?
  /// The batch's images on the device, where views are rendered there; sent once.
  private lazy var source = SourceImages(batch.images, channels: batch.channels)

  init<Method: SelfSupervisedMethod>(
    _ batch: ViewBatch, _ candidates: Candidates, for method: Method, draw: BatchDraw
  ) {
    self.batch = batch
    self.candidates = candidates
    masksOf = { method.masks(of: $0, for: draw) }
  }

  var imageCount: Int { batch.indices.count }

  var parameters: [[ViewParameters]]? { parameters(in: candidates.drawnSpace) }

  private func parameters(in space: CandidateSpace) -> [[ViewParameters]] {
    zip(batch.groups, space.plan.groups.indices).flatMap { group, index in
      Self.copies(Array(group.parameters.prefix(space.drawnSizes[index])), count: copies(in: index, of: space))
    }
  }

  /// All drawn views for audits, at training size.
  func auditPool() -> ViewPool {
    pool(of: candidates.auditSpaces.all, keeping: nil, imageCount) { $0.size }
  }

  func pool(keeping kept: [[Int]]?, ofFirst count: Int) -> ViewPool {
    var pool = pool(of: candidates.space, keeping: kept, count) { candidates.scoredSizes[$0.index] }
    pool.isScaled = candidates.isScaled
    return pool
  }

  /// Views of the first images, at sizes in pixels.
  private func pool(
    of space: CandidateSpace, keeping kept: [[Int]]?, _ count: Int, side: (DrawnGroup) -> Int
  ) -> ViewPool {
    ViewPool(
      groups.map { group in
        let (views, side) = (space.drawnSizes[group.index], side(group))
        let numbers = kept ?? Self.alike(Array(0..<views), images: count)
        let masks = masks(group, count: space.poolSizes[group.index], side: side)
        let pixels =
          (kept == nil ? loaded(group, side: side, views: views, images: count) : nil)
          ?? render(group, numbers, side: side)
        let copies = copies(in: group.index, of: space)
        return ViewPool.Group(
          copies > 1 ? pixels.selecting(Tensor(Self.copies(Array(0..<views), count: copies))) : pixels,
          isLocal: group.isLocal,
          masks: count < imageCount ? masks?.narrowed(along: 1, from: 0, count: count).contiguous() : masks,
          parameters: Self.copies(
            numbers.map { slot in slot.enumerated().map { group.loaded.parameters[$1][$0] } }, count: copies))
      })
  }

  func views(of choice: PooledChoice?) -> [View] {
    var slot = 0
    return groups.flatMap { group in
      defer { slot += group.used }
      let (pixels, masks) = (
        pixels(group, firstSlot: slot, of: choice), chosenMasks(group, firstSlot: slot, of: choice)
      )
      return pixels.enumerated().map { place, pixels in
        var view = View(group: group.index, isLocal: group.isLocal, pixels: pixels, mask: masks?[place])
        if let targets = choice?.targets, !targets.isEmpty { view.targets = targets[slot + place] }
        return view
      }
    }
  }

  /// One group's chosen views in full size, each `[batch, channels, side, side]`.
  private func pixels(_ group: DrawnGroup, firstSlot: Int, of choice: PooledChoice?) -> [Tensor] {
    let first = Array(0..<group.used)
    guard let choice else {
      let pixels =
        loaded(group, side: group.size, views: group.used, images: imageCount)
        ?? render(group, Self.alike(first, images: imageCount), side: group.size)
      return pixels.split(into: group.used).map(\.asImages)
    }
    var members = choice.drawnSlots.narrowed(along: 0, from: firstSlot, count: group.used) - group.start
    let copies = copies(in: group.index, of: candidates.drawnSpace)
    if copies > 1 {
      let drawn = Tensor(Self.copies(Array(0..<group.drawnCount), count: copies))
      members = drawn.selecting(members.reshaped([-1])).reshaped(members.shape)
    }
    if let pixels = loaded(group, side: group.size, views: group.drawnCount, images: imageCount) {
      return pixels.selectingImages(members).map(\.asImages)
    }
    guard candidates.scoredSizes[group.index] == group.size else {
      // Scored small, so only the chosen ones are rendered in full; what they are must be known for that.
      return render(group, members.rows(as: Int.self), side: group.size).split(into: group.used).map(\.asImages)
    }
    let start = choice.space.ranges[group.index].lowerBound
    let pooled = choice.pool.groups[group.index].pixels.selectingImages(
      choice.slots.narrowed(along: 0, from: firstSlot, count: group.used) - start)
    let count = choice.pool.batchSize
    guard count < imageCount else { return pooled.map(\.asImages) }
    let others = render(
      group, Self.alike(first, images: imageCount - count), side: group.size, fromImage: count)
    return zip(pooled, others.split(into: group.used)).map { pooled, others in
      Tensor.concatenated([pooled, others.reshaped(Array(others.shape.suffix(4)))]).asImages
    }
  }

  private func chosenMasks(_ group: DrawnGroup, firstSlot: Int, of choice: PooledChoice?) -> [Tensor]? {
    guard let masks = masks(group, count: group.count, side: group.size) else { return nil }
    guard let choice else {
      let first = candidates.drawnSpace.first[firstSlot..<firstSlot + group.used].map { $0 - group.start }
      return first.map { masks.narrowed(along: 0, from: $0, count: 1).reshaped([imageCount, -1]) }
    }
    return masks.selectingImages(
      choice.drawnSlots.narrowed(along: 0, from: firstSlot, count: group.used) - group.start)
  }
}

// MARK: - Pixels

extension LoadedViews {
  /// One group of the batch's views.
  private struct DrawnGroup {
    var index: Int
    var loaded: ViewBatch.Group
    var isLocal: Bool
    /// How many of the views are trained on.
    var used: Int
    /// How many of the views are drawn.
    var drawnCount: Int
    /// How many views choices are made among: those drawn, each with as many masks as are drawn for it.
    var count: Int
    /// The number of its first view among those.
    var start: Int
    /// Side of the views that are trained on, in pixels.
    var size: Int { loaded.drawn.recipe.size }
  }

  private var groups: [DrawnGroup] {
    let space = candidates.drawnSpace
    return batch.groups.enumerated().map { index, group in
      DrawnGroup(
        index: index, loaded: group, isLocal: space.plan.groups[index].isLocal, used: space.plan.groups[index].used,
        drawnCount: space.drawnSizes[index], count: space.poolSizes[index], start: space.ranges[index].lowerBound)
    }
  }

  /// The same views of every image, `[view][image]`.
  private static func alike(_ views: [Int], images: Int) -> [[Int]] {
    views.map { Array(repeating: $0, count: images) }
  }

  /// How many masks are drawn for each view of a group.
  private func copies(in group: Int, of space: CandidateSpace) -> Int {
    space.plan.groups[group].isLocal ? 1 : space.masks
  }

  /// Each element several times, one after the other.
  private static func copies<Element>(_ elements: [Element], count: Int) -> [Element] {
    count == 1 ? elements : elements.flatMap { Array(repeating: $0, count: count) }
  }

  private func masks(_ group: DrawnGroup, count: Int, side: Int) -> Tensor? {
    masksOf(MaskedViews(group: group.index, count: count, size: side, isLocal: group.isLocal))
  }

  /// What the loader rendered, if it did at this size: `[views, images, side, side, channels]`, without a copy where all
  /// of it is wanted.
  private func loaded(_ group: DrawnGroup, side: Int, views: Int, images: Int) -> Tensor? {
    let drawn = group.loaded.drawn
    guard candidates.rendering == .inLoader, drawn.isRendered, drawn.size == side else { return nil }
    var pixels = tensor(group.loaded.pixels, side: side, images: imageCount)
    if views < drawn.count { pixels = pixels.narrowed(along: 0, from: 0, count: views) }
    return images < imageCount ? pixels.narrowed(along: 1, from: 0, count: images).contiguous() : pixels
  }

  /// Renders views now: `[slots, images, side, side, channels]`.
  ///
  /// - Parameters:
  ///   - numbers: For each slot and image the number of a drawn view in the group.
  ///   - start: The first of these images.
  private func render(_ group: DrawnGroup, _ numbers: [[Int]], side: Int, fromImage start: Int = 0) -> Tensor {
    let images = numbers[0].count
    guard candidates.rendering == .onDevice else {
      let pixels = batch.rendered(
        group: group.index, chosen: numbers, size: side, fromImage: start, threads: max(candidates.setting.threads, 1))
      return tensor(pixels, side: side, images: images)
    }
    let renderer = TensorViewRenderer(
      ViewRenderer(
        recipe: group.loaded.drawn.recipe, channels: batch.channels, size: side, format: group.loaded.pixels.format))!
    let requests = numbers.flatMap { slot in
      slot.enumerated().map { offset, view in
        TensorViewRenderer.Request(image: start + offset, group.loaded.parameters[view][start + offset])
      }
    }
    return renderer.render(requests, of: source).reshaped([numbers.count, images, side, side, batch.channels])
  }

  /// `[views, images, side, side, channels]` over a buffer's memory.
  private func tensor(_ buffer: PixelBuffer, side: Int, images: Int) -> Tensor {
    let views = buffer.count / (images * side * side * batch.channels)
    return Tensor(
      borrowing: buffer.bytes(), shape: [views, images, side, side, batch.channels], dtype: DType(buffer.format),
      owner: buffer)
  }
}
