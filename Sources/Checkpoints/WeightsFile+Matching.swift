import NeuralNetworks
import Torch

/// What a file has of an encoder's tensors, found before any of them is copied.
public struct EncoderMatch {
  /// The beginning of the encoder's names in the file.
  public let prefix: String
  /// Tensors that the encoder and the file have.
  public internal(set) var copies: [WeightCopy] = []
  /// Names of the encoder's tensors that the file lacks; counters of batches, which nothing depends on, are not among
  /// them.
  public internal(set) var missing: [String] = []
  /// Names in the file of tensors that its encoder has and this one lacks.
  public internal(set) var extra: [String] = []
  /// Rows and columns of patches that position embeddings were interpolated between; nil where they fit.
  public internal(set) var grids: (from: Int, to: Int)?
}

/// A tensor to be copied from a file.
public struct WeightCopy {
  /// The name in the file.
  public let source: String
  /// The live values to be overwritten.
  public let target: Tensor
  /// Makes the file's tensor one of the target's shape; nil where it has it, sides of one aside.
  let adapt: ((Tensor) -> Tensor)?
}

extension WeightsFile {
  /// Names, behind an encoder's prefix, of classifiers and other heads.
  private static let heads: Set<Substring> = [
    "fc", "fc_norm", "head", "heads", "head_dist", "head_drop", "classifier", "pre_logits", "projector", "predictor",
    "projection_head", "decoder",
  ]

  /// Finds an encoder's tensors behind a prefix; changes nothing.
  ///
  /// Position embeddings for images of another size are interpolated.
  /// - Throws: `WeightsError` where the file has less than half of them, or in another shape; `SafetensorsError`.
  public func match(_ encoder: any Backbone, at prefix: String) throws -> EncoderMatch {
    let state = StateDictionary(of: encoder).entries
    let own = Set(state.map { prefix + $0.name })
    var match = EncoderMatch(prefix: prefix)
    var reshaped: [MismatchError.Difference] = []
    var count = 0
    for (name, value) in state {
      guard let source = self[prefix + name] else {
        if !Self.isCounter(name) { match.missing.append(name) }
        continue
      }
      if !Self.isCounter(name) { count += 1 }
      let shape = try checkpoint.shape(of: source)
      if shape == value.shape {
        match.copies.append(WeightCopy(source: source, target: value, adapt: nil))
      } else if name == "pos_embed", let transformer = encoder as? VisionTransformer,
        let adaptation = try positions(source, for: transformer, at: prefix)
      {
        match.copies.append(WeightCopy(source: source, target: value) { _ in adaptation.positions })
        if adaptation.side != transformer.gridSize { match.grids = (adaptation.side, transformer.gridSize) }
      } else {
        reshaped.append(.init(name: name, expected: value.shape, found: shape))
      }
    }
    guard 2 * count >= count + match.missing.count else {
      throw WeightsError(
        path: path,
        problem: .tooFew(
          found: count, of: count + match.missing.count, missing: match.missing, reshaped: reshaped))
    }
    guard reshaped.isEmpty else { throw WeightsError(path: path, problem: .reshaped(reshaped)) }
    match.extra = plainNames.filter { plain in
      guard plain.hasPrefix(prefix), !own.contains(plain) else { return false }
      let part = plain.dropFirst(prefix.count).prefix { $0 != "." }
      return !Self.heads.contains(part)
    }.compactMap { self[$0] }
    return match
  }

  private static func isCounter(_ name: String) -> Bool { name.hasSuffix("num_batches_tracked") }

  /// The file's position embeddings for a transformer, and the side of the grid that they were for; nil where they do
  /// not fit.
  private func positions(
    _ source: String, for transformer: VisionTransformer, at prefix: String
  ) throws -> (positions: Tensor, side: Int)? {
    let registers = try self[prefix + "reg_token"].map { try checkpoint.shape(of: $0) }
    let count = registers.map { $0.count == 3 ? $0[1] : 0 } ?? 0
    let stored = try checkpoint.tensor(source)
    guard let adapted = transformer.adapted(positions: stored, registers: count),
      let side = VisionTransformer.gridSize(of: stored, behind: 1 + count)
    else { return nil }
    return (adapted, side)
  }

  /// Finds one tensor; changes nothing.
  ///
  /// Sides of one do not count, since PyTorch's heads have some more or less.
  /// - Returns: Nil where the file has none of that plain name and shape.
  public func copy(of plain: String, to target: Tensor) throws -> WeightCopy? {
    func essential(_ shape: [Int]) -> [Int] { shape.filter { $0 != 1 } }
    guard let source = self[plain], try essential(checkpoint.shape(of: source)) == essential(target.shape) else {
      return nil
    }
    return WeightCopy(source: source, target: target, adapt: nil)
  }

  /// Loads an encoder that the file has all tensors of, and that has a place for all of the file's encoder.
  ///
  /// Classifiers and other heads do not count.
  /// - Throws: `WeightsError`, and `MismatchError` with the names of what is missing or has no place, before anything
  ///   changes; `SafetensorsError`.
  public func loadWhole(_ encoder: any Backbone) throws {
    let match = try match(encoder, at: prefix(of: encoder))
    guard match.missing.isEmpty, match.extra.isEmpty else {
      throw MismatchError(path: path, missing: match.missing, unexpected: match.extra)
    }
    try load(match.copies)
  }

  /// Overwrites what was found.
  public func load(_ copies: [WeightCopy]) throws {
    for copy in copies {
      let stored = try checkpoint.tensor(copy.source)
      let value = copy.adapt?(stored) ?? stored.reshaped(copy.target.shape)
      withoutGradients { copy.target.copyInPlace(from: value) }
    }
  }
}
