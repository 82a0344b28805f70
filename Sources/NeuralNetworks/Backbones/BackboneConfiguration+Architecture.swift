extension BackboneConfiguration {
  /// The same with the width and the depth that 0 stands for written out; residual networks have no depth.
  public var complete: BackboneConfiguration {
    var complete = self
    switch name.architecture {
    case .residual: complete.width = width == 0 ? 64 : width
    case .transformer(let published):
      complete.width = width == 0 ? published : width
      complete.depth = blockCount
    }
    return complete
  }

  /// Heads of each block's attention; 0 for residual networks.
  public var headCount: Int { isTransformer ? VisionTransformer.headCount(width: complete.width) : 0 }

  /// The published numbers of blocks of a residual network's stages; nil for transformers.
  public var stageDepths: [Int]? {
    if case .residual(let kind) = name.architecture { kind.depths } else { nil }
  }

  /// Features of an image; nothing is built.
  public var featureCount: Int { isTransformer ? complete.width : complete.width * (hasBottlenecks ? 32 : 8) }

  /// Whether the blocks of a residual network are bottlenecks; false for transformers.
  public var hasBottlenecks: Bool {
    if case .residual(let kind) = name.architecture { kind.isBottleneck } else { false }
  }
}

extension BackboneConfiguration.Name {
  /// The residual network with such blocks; nil where none has them.
  public static func residual(isBottleneck: Bool, depths: [Int]) -> Self? {
    allCases.first {
      guard case .residual(let kind) = $0.architecture else { return false }
      return kind.isBottleneck == isBottleneck && kind.depths == depths
    }
  }

  /// The transformer that was published with a width; nil where none was.
  public static func transformer(width: Int) -> Self? {
    allCases.first {
      if case .transformer(let published) = $0.architecture { published == width } else { false }
    }
  }
}
