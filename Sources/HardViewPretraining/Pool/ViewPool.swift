import Torch

/// One augmentation of every image in a batch.
public struct View: Sendable {
  /// The index of its group in the method's view plan.
  public var group: Int
  /// `[batch, channels, height, width]`, laid out channels-last.
  public var pixels: Tensor

  /// Wraps pixels.
  public init(group: Int, pixels: Tensor) {
    self.group = group
    self.pixels = pixels
  }
}

/// The candidate views of a batch, group after group.
public struct ViewPool {
  /// For each group, `[candidates, batch, height, width, channels]`.
  public let groups: [Tensor]

  /// Wraps rendered groups.
  public init(groups: [Tensor]) {
    self.groups = groups
  }

  /// The number of candidates in each group.
  public var sizes: [Int] { groups.map { $0.shape[0] } }

  /// The number of images.
  public var batchSize: Int { groups[0].shape[1] }

  /// All candidate views, group after group, without a copy.
  public var views: [View] {
    groups.enumerated().flatMap { group, pixels in
      pixels.split(into: pixels.shape[0]).map { View(group: group, pixels: Self.image($0)) }
    }
  }

  /// The view of each slot when every image takes its own choice.
  ///
  /// - Parameters:
  ///   - choice: For each image an index into `space`, shape `[batch]`.
  ///   - space: The choices.
  public func gathered(_ choice: Tensor, from space: CandidateSpace) -> [View] {
    let row = Tensor.range(batchSize)
    var groupOfView: [(group: Int, member: Int)] = []
    for (group, size) in sizes.enumerated() { groupOfView += (0..<size).map { (group, $0) } }
    return space.candidates[0].indices.map { slot in
      let group = groupOfView[space.candidates[0][slot]].group
      let members = Tensor(space.candidates.map { groupOfView[$0[slot]].member })
      let pixels = groups[group]
      let shape = pixels.shape
      let flat = pixels.reshaped([shape[0] * shape[1]] + shape[2...])
      let source = members.selecting(choice) * batchSize + row
      return View(group: group, pixels: Self.image(flat.selecting(source)))
    }
  }

  /// `[…, batch, height, width, channels]` as `[batch, channels, height, width]`, without a copy.
  private static func image(_ pixels: Tensor) -> Tensor {
    pixels.reshaped(Array(pixels.shape.suffix(4))).permuted([0, 3, 1, 2])
  }
}
