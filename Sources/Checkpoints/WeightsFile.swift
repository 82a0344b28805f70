import Foundation
import NeuralNetworks
import Safetensors

/// A safetensors file of trained weights, whoever wrote it and under whatever names.
///
/// An encoder's tensors are called as here in most files (torchvision's and timm's names), behind what wraps the encoder
/// there. `plainName(_:)` says what is taken off; the prefix that remains is found by a tensor that each encoder has.
public struct WeightsFile {
  /// The file.
  public let checkpoint: Checkpoint
  /// Names in the file by plain name.
  private let names: [String: String]
  /// Plain names, sorted.
  public let plainNames: [String]

  /// Where the file is.
  public var path: String { checkpoint.path }

  /// Opens a file.
  /// - Parameter plainName: The name that a tensor has without what wraps networks; nil for tensors that are no weights.
  /// - Throws: `WeightsError` where two tensors have one plain name.
  public init(
    _ checkpoint: Checkpoint, plainName: (String) -> String? = Self.plainName
  ) throws(WeightsError) {
    self.checkpoint = checkpoint
    var names: [String: String] = [:]
    for name in checkpoint.names {
      guard let plain = plainName(name) else { continue }
      if let other = names.updateValue(name, forKey: plain) {
        throw WeightsError(path: checkpoint.path, problem: .ambiguous([other, name].sorted()))
      }
    }
    self.names = names
    plainNames = names.keys.sorted()
  }

  /// The name of a tensor without what wraps networks in PyTorch, and under this package's name where a published
  /// method has another.
  ///
  /// `module` (of data-parallel training) and `_orig_mod` (of compiled networks) are left out wherever they stand,
  /// `state_dict` and `model` at the front. SimSiam's `encoder` is `backbone` here and its `fc` the `projector`; the
  /// centers of DINO and iBOT stand in their losses, iBOT's mask embedding in the student's backbone.
  public static func plainName(_ name: String) -> String {
    var parts = name.split(separator: ".").filter { $0 != "module" && $0 != "_orig_mod" }
    while parts.count > 1, parts[0] == "state_dict" || parts[0] == "model" { parts.removeFirst() }
    let plain = parts.joined(separator: ".")
    for (published, own) in renames where plain.hasPrefix(published) {
      return own + plain.dropFirst(published.count)
    }
    return plain
  }

  private static let renames = [
    ("encoder.fc.", "projector."), ("encoder.", "backbone."),
    ("student.backbone.masked_embed", "mask_embedding"),
    ("dino_loss.center", "center.values"), ("ibot_loss.center2", "patch_center.values"),
    ("ibot_loss.center", "center.values"),
  ]

  /// The name in the file of the tensor of a plain name; nil where there is none.
  public subscript(plain: String) -> String? { names[plain] }

  /// The names in the file of all weights, sorted by plain name.
  public var storedNames: [String] { plainNames.compactMap { names[$0] } }

  /// The beginning of plain names that an encoder's tensors have.
  ///
  /// Of several encoders in one file the one is taken that the method keeps: the teacher's of DINO and iBOT, the
  /// student's of BYOL and MoCo.
  /// - Throws: `WeightsError` where there is none of the encoder's family, or several that are not told apart.
  public func prefix(of encoder: any Backbone) throws(WeightsError) -> String {
    try prefix(of: Family(of: encoder))
  }

  /// The beginning of plain names that the tensors of an encoder of a kind have.
  func prefix(of family: Family) throws(WeightsError) -> String {
    let prefixes = self.prefixes(of: family)
    guard let first = prefixes.first else {
      if let other = Family.allCases.first(where: { !self.prefixes(of: $0).isEmpty }) {
        throw WeightsError(path: path, problem: .otherFamily(found: other.rawValue, expected: family.rawValue))
      }
      throw WeightsError(
        path: path, problem: .noEncoder(expected: family.rawValue, anchor: family.anchor, found: checkpoint.names))
    }
    if prefixes.count == 1 { return first }
    let kept = Self.kept.first { Set(prefixes) == [$0.encoder, $0.rival] }
    guard let kept else {
      throw WeightsError(
        path: path, problem: .ambiguous(prefixes.compactMap { names[$0 + family.anchor] }))
    }
    return kept.encoder
  }

  /// Of two encoders in one file, the one that is kept after training.
  private static let kept = [
    (encoder: "teacher.backbone.", rival: "student.backbone."),
    (encoder: "networks.student.backbone.", rival: "networks.teacher.backbone."),
    (encoder: "base_encoder.", rival: "momentum_encoder."),
    (encoder: "encoder_q.", rival: "encoder_k."),
  ]

  /// The beginnings of plain names behind which there are encoders of a kind.
  func prefixes(of family: Family) -> [String] {
    plainNames.filter { $0 == family.anchor || $0.hasSuffix("." + family.anchor) }.map {
      String($0.dropLast(family.anchor.count))
    }
  }

  /// A kind of encoder, in words.
  enum Family: String, CaseIterable {
    case residual = "residual network"
    case transformer = "vision transformer"

    init(of encoder: any Backbone) {
      self = encoder is VisionTransformer ? .transformer : .residual
    }

    /// A tensor that each encoder of the kind has, under a name that no other has.
    var anchor: String {
      switch self {
      case .residual: "layer1.0.conv1.weight"
      case .transformer: "patch_embed.proj.weight"
      }
    }
  }
}
