import TestSupport
import Testing
import Torch

@testable import NeuralNetworks

@Suite struct Int8Tests {
  /// A residual network whose running statistics are those of some images, like one that has been trained on them.
  private func network(_ name: BackboneConfiguration.Name, _ stem: ResNet.Stem, _ images: Tensor) -> ResNet {
    var configuration = BackboneConfiguration()
    (configuration.name, configuration.stem, configuration.width) = (name, stem, 16)
    let network = configuration.makeBackbone(using: Generator(seed: 1)) as! ResNet
    let generator = Generator(seed: 2)
    withoutGradients {
      // Other scales and shifts than the initial ones, also negative ones.
      for (name, parameter) in network.namedParameters() where parameter.value.shape.count == 1 {
        let noise = Tensor.normal(parameter.value.shape, standardDeviation: 0.3, using: generator)
        parameter.value.copyInPlace(from: name.hasSuffix("weight") ? noise + 0.7 : noise)
      }
      for _ in 0..<30 { _ = network(images, in: .train) }
    }
    return network
  }

  /// Smooth images, as photographs are.
  private let images = Tensor.normal([12, 3, 6, 6], using: Generator(seed: 3))
    .resizedBicubically(height: 48, width: 48).channelsLast()

  /// Random deep networks blow any rounding up, so the errors are measured by those that bfloat16 makes.
  @Test(
    .enabled(if: Engine.hasInt8Convolutions), arguments: [BackboneConfiguration.Name.resnet18, .resnet50],
    ResNet.Stem.allCases)
  func featuresAreThoseOfTheNetworkUpToRounding(name: BackboneConfiguration.Name, stem: ResNet.Stem) {
    let network = network(name, stem, images)
    withoutGradients {
      for stage in 1...(name == .resnet18 ? 4 : 2) {
        func features(_ dtype: DType) -> Tensor {
          withAutocast(to: dtype) { network.features(images, afterStage: stage, in: .evaluate) }
        }
        let exact = features(.float32)
        let spread = exact - exact.mean(along: 0)
        // How far off, as a share of how far images differ from each other.
        func error(_ features: Tensor) -> Double {
          let difference = features.converted(to: .float32) - exact
          return ((difference * difference).sum() / (spread * spread).sum()).number.squareRoot()
        }
        for dtype in [DType.float32, .bfloat16] {
          let rounded = withInt8Convolutions { features(dtype) }
          #expect(rounded.dtype == .float32 && rounded.shape == exact.shape)
          #expect(error(rounded) < 8 * error(features(.bfloat16)), "stage \(stage), \(dtype)")
        }
      }
    }
  }

  /// Only passes with running statistics and without gradients are in integers, and those change nothing.
  @Test func otherPassesStayAsTheyAre() {
    let network = network(.resnet18, .cifar, images)
    func state() -> [[Float]] { network.namedState().map { $0.entry.value.converted(to: .float32).scalars() } }
    func values(_ tensor: Tensor) -> [Float] { tensor.scalars() }
    let before = state()
    let exact = values(network(images, in: .evaluate))
    #expect(withInt8Convolutions { values(network(images, in: .evaluate)) } == exact)
    withoutGradients {
      let scored = values(network(images, in: .score))
      #expect(withInt8Convolutions { values(network(images, in: .score)) } == scored)
      if Engine.hasInt8Convolutions {
        let rounded = withInt8Convolutions { values(network(images, in: .evaluate)) }
        #expect(rounded != values(network(images, in: .evaluate)))
      }
    }
    #expect(state() == before)
  }

  /// A training that went wrong is reported by its loss, not by a pass that cannot be made.
  @Test(
    .enabled(if: Engine.hasInt8Convolutions), arguments: ["bn1.bias", "layer1.0.bn2.weight", "layer2.0.conv1.weight"])
  func networksWithoutNumbersAreNoTrap(name: String) {
    let network = network(.resnet18, .cifar, images)
    withoutGradients {
      let parameter = network.namedParameters().first { $0.name == name }!.parameter
      for value in [Double.nan, .infinity] {
        parameter.value.copyInPlace(from: .full(parameter.value.shape, value))
        let features = withInt8Convolutions { network.features(images, afterStage: 4, in: .evaluate) }
        #expect(features.shape == [12, 128])
      }
    }
  }

  /// Against 200,000 drawn numbers.
  @Test func momentsOfRectifiedNormalNumbers() {
    let moments = ChannelMoments(means: [0, 1.3, -2, 0.5], variances: [1, 0.25, 4, 0])
    let rectified = moments.rectified()
    for channel in 0..<4 {
      let drawn = Tensor.normal([200_000], using: Generator(seed: 5)) * moments.variances[channel].squareRoot()
      let numbers = (drawn + moments.means[channel]).relu().converted(to: .float64)
      let mean = numbers.mean().number
      #expect(abs(rectified.means[channel] - mean) < 0.01)
      let centred = numbers - mean
      #expect(abs(rectified.variances[channel] - (centred * centred).mean().number) < 0.02)
    }
    #expect(
      moments + rectified
        == ChannelMoments(
          means: zip(moments.means, rectified.means).map(+),
          variances: zip(moments.variances, rectified.variances).map(+)))
  }
}
