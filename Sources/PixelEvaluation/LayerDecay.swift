import NeuralNetworks
import Optimization
import Torch

/// Parameters in groups by the layer they belong to, for rates that fall from the classifier down to the stem.
///
/// Layers are the stem (0), the blocks of a transformer or the stages of a residual network, and the classifier. A
/// transformer's last normalization belongs to its last block, as in timm's `param_groups_layer_decay`.
struct LayerGroups {
  /// The groups, for an optimizer.
  let groups: [ParameterGroup]
  /// For each group the share of the learning rate.
  let scales: [Double]
  /// For each group whether its parameters are pulled towards zero.
  let decays: [Bool]

  /// Groups the parameters of a backbone, and those of the classifier on it.
  ///
  /// - Parameter decay: By how much the rate falls from a layer to the one before it, from 0 to 1; 1 for one rate.
  init(_ backbone: any Backbone, head: any Module, decay: Double) {
    let last = backbone.stageCount + 1
    var members: [[(name: String, parameter: Parameter)]] = Array(repeating: [], count: 2 * (last + 1))
    for (name, parameter) in backbone.namedParameters() {
      let layer = min(Self.layer(of: name, stages: backbone.stageCount), last)
      members[2 * layer + (Self.decays(name, parameter) ? 1 : 0)].append((name, parameter))
    }
    for (name, parameter) in head.namedParameters() {
      members[2 * last + (Self.decays(name, parameter) ? 1 : 0)].append(("head.\(name)", parameter))
    }
    let used = members.indices.filter { !members[$0].isEmpty }
    groups = used.map { ParameterGroup("layer \($0 / 2)", members[$0]) }
    var powers = [1.0]
    for _ in 0..<last { powers.append(powers.last! * decay) }
    scales = used.map { powers[last - $0 / 2] }
    decays = used.map { $0 % 2 == 1 }
  }

  /// The layer of a backbone's parameter, by its name.
  static func layer(of name: String, stages: Int) -> Int {
    let parts = name.split(separator: ".")
    switch parts[0] {
    case "blocks": return parts.count > 1 ? (Int(parts[1]) ?? -1) + 1 : 0
    case "norm": return stages
    case let stage where stage.hasPrefix("layer"): return Int(stage.dropFirst(5)) ?? 0
    default: return 0
    }
  }

  /// Whether weight decay applies: not to vectors, and not to what is added to tokens.
  static func decays(_ name: String, _ parameter: Parameter) -> Bool {
    parameter.value.rank > 1 && !["cls_token", "pos_embed"].contains(name)
  }
}
