import Views

/// The views of each image that are drawn with one recipe.
public struct DrawnViews: Sendable, Equatable {
  /// How they are drawn.
  public var recipe: ViewRecipe
  /// How many are drawn of each image, at least 1.
  public var count: Int
  /// Side of the views as they are rendered, in pixels.
  public var size: Int
  /// Whether the loader renders them; if not, whoever takes the batch renders those that are wanted.
  public var isRendered: Bool

  /// `count` views of a recipe, rendered at its size or at another one, or drawn alone.
  public init(_ recipe: ViewRecipe, count: Int, size: Int? = nil, isRendered: Bool = true) {
    precondition(count > 0, "an image has at least one view, not \(count)")
    self.recipe = recipe
    self.count = count
    self.size = size ?? recipe.size
    self.isRendered = isRendered
  }

  /// How many of them the loader renders.
  var renderedCount: Int { isRendered ? count : 0 }

  /// The parameters of this group's views of an image of `width` × `height` pixels.
  ///
  /// They depend on nothing else, so views can be drawn again after the fact.
  /// - Parameters:
  ///   - group: The group's number among those of the loader.
  ///   - seed: The seed of the run.
  ///   - epoch: The epoch, from 0.
  ///   - sample: The image's position in the dataset.
  public func parameters(
    group: Int, seed: UInt64, epoch: Int, sample: Int, width: Int, height: Int
  ) -> [ViewParameters] {
    (0..<count).map { member in
      var random = ViewRandom(seed: seed, epoch: epoch, sample: sample, view: group << 16 | member)
      return recipe.drawParameters(width: width, height: height, using: &random)
    }
  }
}
