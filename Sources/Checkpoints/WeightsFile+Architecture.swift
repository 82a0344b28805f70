import NeuralNetworks

extension WeightsFile {
  /// The backbone that the names and shapes of the file's encoder belong to.
  ///
  /// What shapes do not say is as in torchvision and timm: a first convolution of 3×3 pixels has stride 1 and no pooling
  /// behind it, and attention has a head for each 64 features.
  /// - Throws: `WeightsError` where there is no encoder, or none that can be built here; `SafetensorsError`.
  public func backboneConfiguration() throws -> BackboneConfiguration {
    if prefixes(of: .transformer).isEmpty { return try residualConfiguration() }
    return try transformerConfiguration()
  }

  private func residualConfiguration() throws -> BackboneConfiguration {
    let prefix = try prefix(of: .residual)
    let stem = try shape(of: "conv1.weight", at: prefix)
    let depths = (1...4).map { blockCount(behind: "\(prefix)layer\($0).") }
    let isBottleneck = self["\(prefix)layer1.0.conv3.weight"] != nil
    var backbone = BackboneConfiguration()
    guard let name = BackboneConfiguration.Name.residual(isBottleneck: isBottleneck, depths: depths) else {
      let blocks = depths.map(String.init).joined(separator: ", ")
      throw WeightsError(
        path: path, problem: .unknownArchitecture("\(blocks) \(isBottleneck ? "bottleneck" : "basic") blocks"))
    }
    guard let stem, stem.count == 4, [[7, 7], [3, 3]].contains(stem[2...]) else {
      throw WeightsError(
        path: path,
        problem: .unknownArchitecture("a first convolution of shape \(stem.map { "\($0)" } ?? "unknown")"))
    }
    backbone.name = name
    (backbone.width, backbone.channels) = (stem[0], stem[1])
    backbone.stem = stem[2] == 7 ? .imagenet : .cifar
    return backbone
  }

  private func transformerConfiguration() throws -> BackboneConfiguration {
    let prefix = try prefix(of: .transformer)
    var backbone = BackboneConfiguration()
    guard let patches = try shape(of: "patch_embed.proj.weight", at: prefix), patches.count == 4,
      patches[2] == patches[3], let positions = try shape(of: "pos_embed", at: prefix), positions.count == 3
    else {
      throw WeightsError(path: path, problem: .unknownArchitecture("patches that are no squares, or no positions"))
    }
    backbone.name = .transformer(width: patches[0]) ?? .vitSmall
    (backbone.width, backbone.channels, backbone.patchSize) = (patches[0], patches[1], patches[2])
    backbone.depth = blockCount(behind: "\(prefix)blocks.")
    let registers = try shape(of: "reg_token", at: prefix)
    backbone.registerTokens = registers.map { $0.count == 3 ? $0[1] : 0 } ?? 0
    let side = Int(Double(max(positions[1] - 1 - backbone.registerTokens, 0)).squareRoot().rounded())
    backbone.imageSize = side * backbone.patchSize
    return backbone
  }

  private func shape(of name: String, at prefix: String) throws -> [Int]? {
    try self[prefix + name].map { try checkpoint.shape(of: $0) }
  }

  /// How many numbers follow a beginning of plain names.
  private func blockCount(behind beginning: String) -> Int {
    Set(
      plainNames.filter { $0.hasPrefix(beginning) }
        .compactMap { Int($0.dropFirst(beginning.count).prefix { $0 != "." }) }
    ).count
  }
}
