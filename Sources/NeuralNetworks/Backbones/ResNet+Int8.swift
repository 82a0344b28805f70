import Foundation
import Torch

/// Runs `body` so that residual networks convolve in 8-bit integers wherever they use running statistics and record no
/// gradients; other layers compute as they do without.
///
/// On processors that multiply bytes in hardware such a pass takes about half as long as one in bfloat16. Features are
/// those of the network up to rounding: good enough to rank views, not to train on.
public func withInt8Convolutions<Result>(_ body: () throws -> Result) rethrows -> Result {
  try Int8Convolutions.$areOn.withValue(true, operation: body)
}

enum Int8Convolutions {
  @TaskLocal static var areOn = false
}

/// Features as 8-bit integers, and what is known about their real values without looking at them.
struct Int8Features {
  /// uint8, `[batch, channels, height, width]`, channels last.
  var values: Tensor
  var scale: QuantizedConvolution.Scale
  var expected: ChannelMoments

  /// The real values, averaged over the image: `[batch, channels]`, float32.
  func averaged() -> Tensor {
    (values.converted(to: .float32).mean(along: 2, 3) - Double(scale.zero)) * scale.step
  }
}

/// Mean and variance that each channel should have, when what a normalization puts out is normally distributed.
struct ChannelMoments: Equatable {
  var means: [Double]
  var variances: [Double]

  /// Of a sum of independent features.
  static func + (left: ChannelMoments, right: ChannelMoments) -> ChannelMoments {
    ChannelMoments(
      means: zip(left.means, right.means).map(+), variances: zip(left.variances, right.variances).map(+))
  }

  /// After negative values have become 0 (the rectified normal distribution).
  func rectified() -> ChannelMoments {
    var result = self
    for channel in means.indices {
      let (mean, variance) = (means[channel], variances[channel])
      let deviation = max(variance, 1e-20).squareRoot()
      let place = mean / deviation
      let share = 0.5 * erfc(-place * 0.5.squareRoot())
      let density = exp(-place * place / 2) / (2 * .pi).squareRoot()
      let first = mean * share + deviation * density
      let second = (mean * mean + variance) * share + mean * deviation * density
      (result.means[channel], result.variances[channel]) = (first, max(second - first * first, 0))
    }
    return result
  }

  /// Beyond what is hardly any value: ten standard deviations from the mean of any channel.
  ///
  /// Features have longer tails than normal numbers, and cutting them off costs more than coarser steps: with six
  /// deviations the ranking of views suffers, from eight on it does not.
  var reach: (lower: Double, upper: Double) {
    var reach = (lower: -1e-6, upper: 1e-6)
    for (mean, variance) in zip(means, variances) {
      let width = 10 * variance.squareRoot()
      reach = (min(reach.lower, mean - width), max(reach.upper, mean + width))
    }
    return reach
  }

  /// How rectified features are to be kept in 8 bits.
  var rectifiedScale: QuantizedConvolution.Scale { QuantizedConvolution.Scale(step: reach.upper / 255) }

  /// How features of either sign are to be kept in 8 bits.
  var signedScale: QuantizedConvolution.Scale {
    QuantizedConvolution.Scale(step: max(-reach.lower, reach.upper) / 127, zero: 128)
  }
}

extension BatchNorm {
  /// The moments of what comes out of a layer with scale and shift.
  fileprivate var expected: ChannelMoments {
    ChannelMoments(
      means: bias!.value.scalars(as: Float.self).map(Double.init),
      variances: weight!.value.scalars(as: Float.self).map { Double($0) * Double($0) })
  }
}

extension Convolution2d {
  /// This convolution of 8-bit features and the normalization behind it, with running statistics.
  fileprivate func int8(
    _ norm: BatchNorm, _ input: Int8Features, adding shortcut: Int8Features? = nil, isRectified: Bool = true
  ) -> Int8Features {
    let folded = FoldedNormalization(norm, behind: self)!
    let convolution = QuantizedConvolution(
      weight: weight.value, gain: folded.gain, bias: folded.offset, stride: stride, padding: padding,
      shape: input.values.shape, input: input.scale)
    var expected = norm.expected
    if let shortcut { expected = expected + shortcut.expected }
    let scale = isRectified ? expected.rectifiedScale : expected.signedScale
    let values = convolution(
      input.values, output: scale, isRectified: isRectified, adding: shortcut.map { ($0.values, $0.scale) })
    return Int8Features(values: values, scale: scale, expected: isRectified ? expected.rectified() : expected)
  }
}

extension ResNet {
  /// Features after so many stages, averaged over the image, by convolutions of 8-bit integers behind the first.
  func int8Features(_ images: Tensor, afterStage stage: Int) -> Tensor {
    let folded = FoldedNormalization(bn1, behind: conv1)!
    let expected = bn1.expected
    let scale = expected.rectifiedScale
    // The first convolution gives its result in steps of the scale; the half makes cutting off rounding.
    var values = images.convolved2d(
      weight: conv1.weight.value * (folded.gain / scale.step).reshaped([-1, 1, 1, 1]),
      bias: folded.offset / scale.step + 0.5, stride: conv1.stride, padding: conv1.padding
    ).clampedInPlace(from: 0, to: 255)
    if pools { values = values.maxPooled2d(window: 3, stride: 2, padding: 1) }
    var features = Int8Features(
      values: values.converted(to: .uint8), scale: scale, expected: expected.rectified())
    for stage in [layer1, layer2, layer3, layer4].prefix(stage) {
      for block in stage { features = block.int8(features) }
    }
    return features.averaged()
  }
}

extension ResidualBlock {
  fileprivate func int8(_ input: Int8Features) -> Int8Features {
    let shortcut = downsample.map { $0.int8(input) } ?? input
    var residual = conv1.int8(bn1, input)
    guard let conv3, let bn3 else { return conv2.int8(bn2, residual, adding: shortcut) }
    residual = conv2.int8(bn2, residual)
    return conv3.int8(bn3, residual, adding: shortcut)
  }
}

extension Sequential {
  /// A convolution and its normalization, not rectified.
  fileprivate func int8(_ input: Int8Features) -> Int8Features {
    guard layers.count == 2, let convolution = layers[0] as? Convolution2d, let norm = layers[1] as? BatchNorm else {
      preconditionFailure("a shortcut is a convolution and a normalization")
    }
    return convolution.int8(norm, input, isRectified: false)
  }
}
