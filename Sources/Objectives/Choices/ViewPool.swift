import Torch
import Views

/// Rendered candidate views of a batch, group after group.
public struct ViewPool {
  /// The candidates of one group.
  public struct Group {
    /// Whether they are small crops that no target is made of.
    public var isLocal: Bool
    /// `[candidates, batch, height, width, channels]`.
    public var pixels: Tensor
    /// `[candidates, batch, patches]` of zeros and ones; nil for methods without masks.
    public var masks: Tensor?
    /// How each view was made, `[candidate][image]`; empty when unknown.
    public var parameters: [[ViewParameters]]

    /// Wraps rendered views.
    public init(_ pixels: Tensor, isLocal: Bool = false, masks: Tensor? = nil, parameters: [[ViewParameters]] = []) {
      self.pixels = pixels
      self.isLocal = isLocal
      self.masks = masks
      self.parameters = parameters
    }
  }

  /// The groups, in the order of the view plan.
  public var groups: [Group]
  /// Whether views of any group are smaller than those trained on, so that nothing that is learned from them may stay.
  public var isScaled: Bool

  /// Wraps rendered groups.
  public init(_ groups: [Group], isScaled: Bool = false) {
    self.groups = groups
    self.isScaled = isScaled
  }

  /// Wraps rendered global views alone.
  public init(groups: [Tensor]) {
    self.init(groups.map { Group($0) })
  }

  /// The number of candidates in each group.
  public var sizes: [Int] { groups.map { $0.pixels.shape[0] } }

  /// The number of images.
  public var batchSize: Int { groups[0].pixels.shape[1] }

  /// The crop of every view, `[view][image]`; nil when it is unknown for some.
  public var boxes: [[CropBox]]? {
    parameters.map { $0.map { $0.map(\.crop) } }
  }

  /// How every view was made, `[view][image]`; nil when it is unknown for some.
  public var parameters: [[ViewParameters]]? {
    zip(groups, sizes).allSatisfy { $0.parameters.count == $1 } ? groups.flatMap(\.parameters) : nil
  }

  /// The pool of the first images alone.
  public func prefix(_ count: Int) -> ViewPool {
    guard count < batchSize else { return self }
    return ViewPool(
      groups.map { group in
        var part = group
        part.pixels = group.pixels.narrowed(along: 1, from: 0, count: count).contiguous()
        part.masks = group.masks?.narrowed(along: 1, from: 0, count: count).contiguous()
        part.parameters = group.parameters.map { Array($0.prefix(count)) }
        return part
      }, isScaled: isScaled)
  }

  /// All candidate views for networks that compute in `dtype`.
  ///
  /// Values stored in fewer bits are converted for networks that compute in more.
  public func views(for dtype: DType) -> [View] {
    views.map { view in
      var view = view
      if dtype == .float32 { view.pixels = view.pixels.converted(to: .float32) }
      return view
    }
  }

  /// All candidate views, group after group, without a copy.
  public var views: [View] {
    groups.enumerated().flatMap { index, group in
      let masks = group.masks?.split(into: group.pixels.shape[0])
      return group.pixels.split(into: group.pixels.shape[0]).enumerated().map { member, pixels in
        View(
          group: index, isLocal: group.isLocal, pixels: pixels.asImages,
          mask: masks.map { $0[member].reshaped([batchSize, -1]) })
      }
    }
  }

  /// The view of each slot when every image takes its own choice.
  ///
  /// - Parameters:
  ///   - slots: The number of the chosen view in the pool, `[slots, batch]`; the views of one slot are of one group.
  ///   - space: The choices.
  public func gathered(_ slots: Tensor, from space: CandidateSpace) -> [View] {
    var slot = 0
    return zip(groups, zip(space.plan.groups, space.ranges)).enumerated().flatMap { index, element in
      let (group, (plan, range)) = element
      let members = slots.narrowed(along: 0, from: slot, count: plan.used) - range.lowerBound
      slot += plan.used
      let masks = group.masks?.selectingImages(members)
      return group.pixels.selectingImages(members).enumerated().map { place, pixels in
        View(group: index, isLocal: group.isLocal, pixels: pixels.asImages, mask: masks?[place])
      }
    }
  }
}

extension Tensor {
  /// The first two dimensions as one.
  package var mergingLeading: Tensor { reshaped([shape[0] * shape[1]] + shape[2...]) }

  /// For each slot of `members`, `[slots, images]`, the entries that it names in these, `[views, images, …]`: one for
  /// every image.
  package func selectingImages(_ members: Tensor) -> [Tensor] {
    let (slots, images) = (members.shape[0], members.shape[1])
    let (rows, image) = (mergingLeading, Tensor.range(images))
    return members.split(into: slots).map { rows.selecting($0.reshaped([-1]) * images + image) }
  }

  /// `[…, batch, height, width, channels]` as `[batch, channels, height, width]`, without a copy.
  package var asImages: Tensor { reshaped(Array(shape.suffix(4))).permuted([0, 3, 1, 2]) }
}
