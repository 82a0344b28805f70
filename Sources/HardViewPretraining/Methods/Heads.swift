import NeuralNetworks
import Torch

extension Sequential {
  /// A projector: linear layers without bias, each followed by batch normalization, rectified between.
  ///
  /// - Parameters:
  ///   - widths: Input, hidden and output widths.
  ///   - endsAffine: Whether the last normalization has scale and shift (SimSiam: no).
  static func projector(_ widths: [Int], endsAffine: Bool, using generator: Generator) -> Sequential {
    var layers: [any Layer] = []
    for (index, (inputs, outputs)) in zip(widths, widths.dropFirst()).enumerated() {
      let isLast = index == widths.count - 2
      layers.append(Linear(inputs, outputs, bias: false, using: generator))
      layers.append(BatchNorm(outputs, isAffine: !isLast || endsAffine))
      if !isLast { layers.append(ReLU()) }
    }
    return Sequential(layers)
  }

  /// A predictor: a bottleneck of two linear layers, normalized and rectified between.
  static func predictor(_ width: Int, hidden: Int, using generator: Generator) -> Sequential {
    Sequential([
      Linear(width, hidden, bias: false, using: generator), BatchNorm(hidden), ReLU(),
      Linear(hidden, width, using: generator),
    ])
  }
}
