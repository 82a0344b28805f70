import Torch
import Views

/// One augmentation of every image in a batch.
public struct View: Sendable {
  /// The index of its group in the view plan.
  public var group: Int
  /// Whether it is one of the small crops that no target is made of.
  public var isLocal: Bool
  /// `[batch, channels, height, width]`, laid out channels-last.
  public var pixels: Tensor
  /// Which patches the student does not see, `[batch, patches]` of zeros and ones; nil for methods without masks.
  public var mask: Tensor?
  /// What the teacher made of this view while candidates were scored, where that can be used again; else empty.
  public var targets: [Tensor] = []

  /// Wraps pixels.
  public init(group: Int, isLocal: Bool = false, pixels: Tensor, mask: Tensor? = nil) {
    self.group = group
    self.isLocal = isLocal
    self.pixels = pixels
    self.mask = mask
  }
}

/// The candidate views of a batch, group after group.
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
    /// The views as they are trained on, where they are scored at another size; nil where `pixels` are trained on.
    public var full: FullViews?

    /// Wraps rendered views.
    public init(
      _ pixels: Tensor, isLocal: Bool = false, masks: Tensor? = nil, parameters: [[ViewParameters]] = [],
      full: FullViews? = nil
    ) {
      self.pixels = pixels
      self.isLocal = isLocal
      self.masks = masks
      self.parameters = parameters
      self.full = full
    }
  }

  /// Views that are rendered only when they have been chosen.
  public struct FullViews {
    /// Renders views, `[slot][image]` as numbers in the group, to `[slots, batch, height, width, channels]`.
    public var render: (_ chosen: [[Int]]) -> Tensor
    /// `[candidates, batch, patches]` for views of that size; nil for methods without masks.
    public var masks: Tensor?

    /// Wraps a renderer.
    public init(masks: Tensor? = nil, render: @escaping (_ chosen: [[Int]]) -> Tensor) {
      self.render = render
      self.masks = masks
    }
  }

  /// The groups, in the order of the view plan.
  public var groups: [Group]

  /// Wraps rendered groups.
  public init(_ groups: [Group]) {
    self.groups = groups
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

  /// Whether views are scored at another size than they are trained at.
  public var isScaled: Bool { groups.contains { $0.full != nil } }

  /// The pool of the first images alone, for scoring.
  public func prefix(_ count: Int) -> ViewPool {
    guard count < batchSize else { return self }
    return ViewPool(
      groups.map { group in
        var part = group
        part.pixels = group.pixels.narrowed(along: 1, from: 0, count: count).contiguous()
        part.masks = group.masks?.narrowed(along: 1, from: 0, count: count).contiguous()
        part.parameters = group.parameters.map { Array($0.prefix(count)) }
        return part
      })
  }

  /// All candidate views for networks that compute in `dtype`.
  ///
  /// What is stored in fewer bits is converted for networks that compute in more.
  func views(for dtype: DType) -> [View] {
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
          group: index, isLocal: group.isLocal, pixels: Self.image(pixels),
          mask: masks.map { $0[member].reshaped([batchSize, -1]) })
      }
    }
  }

  /// The views that every image takes alike.
  public func taking(_ choice: [Int], from space: CandidateSpace) -> [View] {
    guard isScaled else {
      let views = views
      return choice.map { views[$0] }
    }
    let slots = choice.flatMap { Array(repeating: $0, count: batchSize) }
    return gathered(Tensor(slots, shape: [choice.count, batchSize]), from: space)
  }

  /// The view of each slot when every image takes its own choice, as it is trained on.
  ///
  /// - Parameters:
  ///   - slots: The number of the chosen view, `[slots, batch]`; the views of one slot are of one group.
  ///   - space: The choices.
  ///   - targets: For each view what the teacher made of it, its first dimension the batch; or empty.
  public func gathered(_ slots: Tensor, from space: CandidateSpace, targets: [[Tensor]] = []) -> [View] {
    let row = Tensor.range(batchSize)
    var slot = 0
    return zip(groups, zip(space.plan.groups, space.ranges)).enumerated().flatMap { index, element in
      let (group, (plan, range)) = element
      let members = slots.narrowed(along: 0, from: slot, count: plan.used) - range.lowerBound
      slot += plan.used
      let full = group.full.map { ($0, $0.render(members.rows(as: Int.self)).split(into: plan.used)) }
      return members.split(into: plan.used).enumerated().map { place, member in
        // Rows of the group when candidates and images are one dimension.
        let source = member.reshaped([-1]) * batchSize + row
        let masks = full.map(\.0.masks) ?? group.masks
        var view = View(
          group: index, isLocal: group.isLocal,
          pixels: Self.image(full.map { $0.1[place] } ?? Self.flat(group.pixels).selecting(source)),
          mask: masks.map { Self.flat($0).selecting(source) })
        if !targets.isEmpty, !targets[range.lowerBound].isEmpty {
          view.targets = targets[range.lowerBound].indices.map { part in
            Tensor.concatenated(range.map { targets[$0][part] }).selecting(source)
          }
        }
        return view
      }
    }
  }

  private static func flat(_ tensor: Tensor) -> Tensor {
    let shape = tensor.shape
    return tensor.reshaped([shape[0] * shape[1]] + shape[2...])
  }

  /// `[…, batch, height, width, channels]` as `[batch, channels, height, width]`, without a copy.
  private static func image(_ pixels: Tensor) -> Tensor {
    pixels.reshaped(Array(pixels.shape.suffix(4))).permuted([0, 3, 1, 2])
  }
}
