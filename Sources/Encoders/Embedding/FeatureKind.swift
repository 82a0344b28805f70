import HardViewPretraining
import NeuralNetworks
import Torch

/// Which of an encoder's outputs are the features of an image.
public enum FeatureKind: String, Codable, Sendable, CaseIterable {
  /// The average over the image: of the last stage of a residual network, or of a transformer's normalized patch tokens.
  case pooled
  /// A transformer's normalized class token.
  case classToken = "class-token"
  /// A row of features for each place of the image, row by row: the last stage of a residual network, or a transformer's
  /// normalized patch tokens.
  case patches
}

extension VisionEncoder {
  /// What evaluations measure: the class token of a transformer, the pooled features of a residual network.
  public var standardFeatures: FeatureKind { configuration.backbone.isTransformer ? .classToken : .pooled }

  /// Features of prepared images with running statistics and without gradients, as float32.
  ///
  /// - Parameters:
  ///   - kind: Which; nil takes `standardFeatures`.
  ///   - pixels: `[images, channels, height, width]`, normalized.
  ///   - precision: What convolutions and matrix products compute in.
  /// - Returns: `[images, features]`, or `[images, places, features]` for patches.
  /// - Throws: `EncoderError` where a residual network has no class token; `TorchError` when memory runs out.
  public func features(_ kind: FeatureKind? = nil, of pixels: Tensor, precision: Precision = .fp32) throws -> Tensor {
    let kind = kind ?? standardFeatures
    try check(kind)
    return try throwingExhaustion {
      withoutGradients {
        withAutocast(to: precision.dtype(on: .current)) { output(kind, of: pixels) }.converted(to: .float32)
      }
    }
  }

  /// Throws where the network has no such features.
  func check(_ kind: FeatureKind) throws(EncoderError) {
    if kind == .classToken, !configuration.backbone.isTransformer {
      throw EncoderError(encoder: name, problem: .noClassToken)
    }
  }

  private func output(_ kind: FeatureKind, of pixels: Tensor) -> Tensor {
    guard kind != standardFeatures else { return backbone(pixels, in: .evaluate) }
    if let transformer = backbone as? VisionTransformer {
      let tokens = transformer.tokens(pixels, in: .evaluate)
      let first = transformer.prefixTokenCount
      let patches = tokens.narrowed(along: 1, from: first, count: tokens.shape[1] - first)
      return kind == .patches ? patches : patches.mean(along: 1)
    }
    guard let network = backbone as? ResNet else { preconditionFailure("a backbone of another kind") }
    let map = network.map(pixels, afterStage: network.stageCount, in: .evaluate)
    return map.permuted([0, 2, 3, 1]).reshaped([map.shape[0], -1, map.shape[1]])
  }
}
