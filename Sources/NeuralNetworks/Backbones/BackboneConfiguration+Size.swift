extension BackboneConfiguration {
  /// How many parameters the network has; nothing is built.
  public var parameterCount: Double { layers(side: max(imageSize, patchSize)).reduce(0) { $0 + $1.parameters } }

  /// How many values the convolutions and linear layers give for one image; nothing is built.
  ///
  /// A training pass keeps at least these until the backward pass.
  /// - Parameter side: Height and width of the image in pixels.
  public func activationCount(side: Int) -> Double { layers(side: side).reduce(0) { $0 + $1.outputs } }

  /// What a layer holds and what it gives for one image; `Double`s, because they may be larger than any integer.
  private struct LayerSize {
    var parameters: Double
    var outputs = 0.0
  }

  private func layers(side: Int) -> [LayerSize] {
    switch name.architecture {
    case .residual(let kind): residualLayers(kind, side: side)
    case .transformer: transformerLayers(width: Double(complete.width), side: side)
    }
  }

  private func residualLayers(_ kind: ResNet.Kind, side: Int) -> [LayerSize] {
    var layers: [LayerSize] = []
    /// The side of what a window with half its width as padding gives.
    func reduced(_ side: Int, by stride: Int) -> Int { max((side - 1) / stride + 1, 0) }
    /// A convolution without bias and its normalization.
    func add(_ inputs: Double, _ outputs: Double, kernel: Double, side: Int) {
      layers.append(
        LayerSize(
          parameters: inputs * outputs * kernel * kernel + 2 * outputs, outputs: outputs * Double(side) * Double(side)))
    }
    let first = Double(complete.width)
    var side = side
    if stem == .imagenet { side = reduced(side, by: 2) }
    add(Double(channels), first, kernel: stem == .imagenet ? 7 : 3, side: side)
    if stem == .imagenet { side = reduced(side, by: 2) }
    var inputs = first
    for (stage, depth) in kind.depths.enumerated() {
      let planes = first * Double(1 << stage)
      let outputs = kind.isBottleneck ? planes * 4 : planes
      for block in 0..<depth {
        let before = side
        let strides = stage > 0 && block == 0
        if strides { side = reduced(side, by: 2) }
        if kind.isBottleneck {
          add(inputs, planes, kernel: 1, side: before)
          add(planes, planes, kernel: 3, side: side)
          add(planes, outputs, kernel: 1, side: side)
        } else {
          add(inputs, planes, kernel: 3, side: side)
          add(planes, planes, kernel: 3, side: side)
        }
        if strides || inputs != outputs { add(inputs, outputs, kernel: 1, side: side) }
        inputs = outputs
      }
    }
    return layers
  }

  private func transformerLayers(width: Double, side: Int) -> [LayerSize] {
    let patch = Double(max(patchSize, 1))
    let (patches, laidOut) = (Self.squared(side / max(patchSize, 1)), Self.squared(imageSize / max(patchSize, 1)))
    let prefix = Double(1 + registerTokens)
    let tokens = prefix + patches
    let patching = LayerSize(
      parameters: Double(channels) * patch * patch * width + width, outputs: patches * width)
    // Class token and registers, positions, the last normalization.
    let others = LayerSize(parameters: prefix * width + (prefix + laidOut) * width + 2 * width)
    let block = [
      LayerSize(parameters: 4 * width),
      LayerSize(parameters: 3 * width * (width + 1), outputs: 3 * tokens * width),
      LayerSize(parameters: width * (width + 1), outputs: tokens * width),
      LayerSize(parameters: 4 * width * (width + 1), outputs: 4 * tokens * width),
      LayerSize(parameters: width * (4 * width + 1), outputs: tokens * width),
    ]
    let blocks = block.map {
      LayerSize(parameters: $0.parameters * Double(blockCount), outputs: $0.outputs * Double(blockCount))
    }
    return [patching, others] + blocks
  }

  private static func squared(_ number: Int) -> Double { Double(number) * Double(number) }
}
