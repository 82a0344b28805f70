/// The mean and standard deviation that pixel values are normalized with.
public struct Normalization: Codable, Sendable, Equatable {
  /// Mean of values from 0 to 1: one entry for all channels together, or one for each.
  public var mean: [Double]
  /// Standard deviation of values from 0 to 1, positive: one entry, or one for each channel.
  public var standardDeviation: [Double]

  /// A normalization to (value − mean) / standard deviation; one entry applies to every channel.
  public init(mean: [Double], standardDeviation: [Double]) {
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// Statistics of ImageNet, used for every data set without its own.
  public static let imageNet = Normalization(mean: [0.485, 0.456, 0.406], standardDeviation: [0.229, 0.224, 0.225])

  /// Statistics of CIFAR-10.
  public static let cifar10 = Normalization(
    mean: [0.4914, 0.4822, 0.4465], standardDeviation: [0.2023, 0.1994, 0.2010])

  /// Factor and offset that take a value from 0 to 255 of this channel to its normalized value.
  package func affine(channel: Int) -> (scale: Float, offset: Float) {
    let mean = mean[min(channel, mean.count - 1)]
    let deviation = standardDeviation[min(channel, standardDeviation.count - 1)]
    return (Float(1 / (255 * deviation)), Float(-mean / deviation))
  }
}
