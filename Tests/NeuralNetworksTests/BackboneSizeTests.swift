import NeuralNetworks
import Testing
import Torch

@Suite struct BackboneSizeTests {
  private func configuration(
    _ name: BackboneConfiguration.Name, _ change: (inout BackboneConfiguration) -> Void = { _ in }
  ) -> BackboneConfiguration {
    var configuration = BackboneConfiguration()
    configuration.name = name
    if configuration.isTransformer { configuration.imageSize = 224 }
    change(&configuration)
    return configuration
  }

  /// The parameters that are counted are those that are built, of every network and every setting that changes them.
  @Test func parametersAreThoseOfTheNetwork() {
    let transformer: (inout BackboneConfiguration) -> Void = {
      ($0.width, $0.depth, $0.patchSize, $0.imageSize, $0.registerTokens, $0.channels) = (128, 3, 8, 40, 4, 1)
    }
    let cifar: (inout BackboneConfiguration) -> Void = { ($0.stem, $0.width, $0.channels) = (.cifar, 12, 1) }
    let cases =
      BackboneConfiguration.Name.allCases.map { configuration($0) }
      + [configuration(.resnet18, cifar), configuration(.resnet50, cifar), configuration(.vitTiny, transformer)]
    for configuration in cases {
      let network = withDevice(.meta) { configuration.makeBackbone(using: Generator(seed: 0)) }
      let count = network.parameters.reduce(0) { $0 + $1.value.elementCount }
      #expect(configuration.parameterCount == Double(count), "\(configuration.name)")
    }
  }

  /// Activations of 224 px, in millions, as timm's model cards have them: outputs of convolutions and linear layers.
  @Test(arguments: [
    (BackboneConfiguration.Name.resnet18, 2.5), (.resnet34, 3.7), (.resnet50, 11.1), (.resnet101, 16.2),
    (.vitTiny, 4.1), (.vitSmall, 8.2), (.vitBase, 16.5),
  ])
  func activationsAreThePublishedOnes(name: BackboneConfiguration.Name, millions: Double) {
    #expect(abs(configuration(name).activationCount(side: 224) / 1e6 - millions) < 0.05)
  }

  /// Sizes that no integer holds are still numbers.
  @Test func absurdWidthsAreCounted() {
    let wide = configuration(.resnet50) { $0.width = 1_000_000_000_000 }
    #expect(wide.parameterCount > 1e26 && wide.activationCount(side: 1 << 40).isFinite)
  }

  /// What is made on the meta device has shapes, and takes neither memory nor draws.
  @Test func metaTensorsHaveNoElements() {
    let generator = Generator(seed: 3)
    let before = generator.state.scalars(as: UInt8.self)
    let tensor = withDevice(.meta) {
      Tensor.normal([1 << 20, 1 << 20], using: generator) * 2.0
        + Tensor.truncatedNormal([1 << 20], standardDeviation: 1, using: generator)
    }
    #expect(tensor.shape == [1 << 20, 1 << 20] && tensor.device == .meta)
    #expect(generator.state.scalars(as: UInt8.self) == before)
  }
}
