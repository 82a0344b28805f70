import Torch

/// A residual network without its classifier; names of parameters as in torchvision.
///
/// He, Zhang, Ren and Sun 2016.
/// Bottleneck blocks carry their stride in the 3×3 convolution, as torchvision does.
public final class ResNet: Backbone {
  /// How the image enters the network.
  public enum Stem: String, Codable, Sendable, CaseIterable {
    /// 7×7 convolution with stride 2, then 3×3 max-pooling with stride 2.
    case imagenet
    /// 3×3 convolution with stride 1, no pooling. For images of 28 to 64 px.
    case cifar
  }

  /// How convolutions start.
  public enum ConvolutionInit: String, Codable, Sendable, CaseIterable {
    /// As published: Kaiming-normal with the stem for ImageNet, uniform with that for CIFAR.
    case automatic
    /// Normal with variance 2 / (outputs · kernel²): He et al. with fan-out.
    case kaimingNormal = "kaiming_normal"
    /// Uniform in ±1/√(inputs · kernel²): PyTorch's default. With as many outputs as inputs a sixth of the variance.
    case uniform
  }

  /// The kind of block and the number of blocks in each of the four stages.
  struct Kind {
    let isBottleneck: Bool
    let depths: [Int]
  }

  let conv1: Convolution2d
  let bn1: BatchNorm
  let layer1: [ResidualBlock]
  let layer2: [ResidualBlock]
  let layer3: [ResidualBlock]
  let layer4: [ResidualBlock]
  let pools: Bool
  /// 8 × width for basic blocks, 32 × width for bottleneck blocks.
  public let featureCount: Int
  /// Channels of the images.
  public let inputChannels: Int

  init(
    kind: Kind, stem: Stem, width: Int, inputChannels: Int, convolutionInit: ConvolutionInit,
    startsResidualsAtZero: Bool, using generator: Generator
  ) {
    let isImageNet = stem == .imagenet
    let initialization: Convolution2d.Initialization =
      switch convolutionInit {
      case .automatic: isImageNet ? .kaimingNormalFanOut : .uniformFanIn
      case .kaimingNormal: .kaimingNormalFanOut
      case .uniform: .uniformFanIn
      }
    conv1 = Convolution2d(
      inputChannels, width, kernel: isImageNet ? 7 : 3, stride: isImageNet ? 2 : 1, initialization: initialization,
      using: generator)
    bn1 = BatchNorm(width)
    pools = isImageNet
    self.inputChannels = inputChannels

    var channels = width
    var stages: [[ResidualBlock]] = []
    for (stage, depth) in kind.depths.enumerated() {
      stages.append(
        (0..<depth).map { index in
          let block = ResidualBlock(
            inputs: channels, planes: width << stage, stride: stage > 0 && index == 0 ? 2 : 1,
            isBottleneck: kind.isBottleneck, initialization: initialization, startsAtZero: startsResidualsAtZero,
            using: generator)
          channels = block.outputs
          return block
        })
    }
    (layer1, layer2, layer3, layer4) = (stages[0], stages[1], stages[2], stages[3])
    featureCount = channels
  }

  /// `[batch, channels, height, width]` to `[batch, featureCount]`, averaged over the image.
  public func callAsFunction(_ images: Tensor, in phase: Phase) -> Tensor {
    features(images, afterStage: stageCount, in: phase)
  }

  /// Four, of one resolution each.
  public var stageCount: Int { 4 }

  /// Features after so many stages, averaged over the image.
  public func features(_ images: Tensor, afterStage stage: Int, in phase: Phase) -> Tensor {
    FrozenBackbones.pass(in: phase) { phase in
      if phase == .evaluate, !recordsGradients, Int8Convolutions.areOn {
        return int8Features(images, afterStage: stage)
      }
      return map(images, afterStage: stage, in: phase).mean(along: 2, 3)
    }
  }

  /// Features of every place of the image after so many stages: `[batch, width, rows, columns]`.
  public func map(_ images: Tensor, afterStage stage: Int, in phase: Phase) -> Tensor {
    FrozenBackbones.pass(in: phase) { phase in
      var features = conv1.normalized(by: bn1, images, in: phase).rectified()
      if pools { features = features.maxPooled2d(window: 3, stride: 2, padding: 1) }
      for stage in [layer1, layer2, layer3, layer4].prefix(stage) {
        for block in stage { features = block(features, in: phase) }
      }
      return features
    }
  }
}

/// Convolutions with a shortcut around them: basic (3×3, 3×3) or bottleneck (1×1, 3×3, 1×1).
final class ResidualBlock: Layer {
  let conv1: Convolution2d
  let bn1: BatchNorm
  let conv2: Convolution2d
  let bn2: BatchNorm
  let conv3: Convolution2d?
  let bn3: BatchNorm?
  let downsample: Sequential?
  let outputs: Int

  init(
    inputs: Int, planes: Int, stride: Int, isBottleneck: Bool, initialization: Convolution2d.Initialization,
    startsAtZero: Bool, using generator: Generator
  ) {
    func convolution(_ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1) -> Convolution2d {
      Convolution2d(
        inputs, outputs, kernel: kernel, stride: stride, initialization: initialization, using: generator)
    }
    let lastScale = startsAtZero ? 0.0 : 1.0
    outputs = isBottleneck ? planes * 4 : planes
    if isBottleneck {
      conv1 = convolution(inputs, planes, kernel: 1)
      bn1 = BatchNorm(planes)
      conv2 = convolution(planes, planes, kernel: 3, stride: stride)
      bn2 = BatchNorm(planes)
      conv3 = convolution(planes, outputs, kernel: 1)
      bn3 = BatchNorm(outputs, initialScale: lastScale)
    } else {
      conv1 = convolution(inputs, planes, kernel: 3, stride: stride)
      bn1 = BatchNorm(planes)
      conv2 = convolution(planes, planes, kernel: 3)
      bn2 = BatchNorm(planes, initialScale: lastScale)
      conv3 = nil
      bn3 = nil
    }
    downsample =
      stride != 1 || inputs != outputs
      ? Sequential([convolution(inputs, outputs, kernel: 1, stride: stride), BatchNorm(outputs)]) : nil
  }

  func callAsFunction(_ input: Tensor, in phase: Phase) -> Tensor {
    var residual = conv1.normalized(by: bn1, input, in: phase).rectified()
    residual = conv2.normalized(by: bn2, residual, in: phase)
    if let conv3, let bn3 {
      residual = conv3.normalized(by: bn3, residual.rectified(), in: phase)
    }
    return residual.adding(downsample?(input, in: phase) ?? input).rectified()
  }
}
