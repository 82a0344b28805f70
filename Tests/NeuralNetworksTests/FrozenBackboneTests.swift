import Checkpoints
import NeuralNetworks
import TestSupport
import Testing
import Torch

@Suite struct FrozenBackboneTests {
  private static func configuration(isTransformer: Bool) -> BackboneConfiguration {
    var configuration = BackboneConfiguration()
    configuration.name = isTransformer ? .vitTiny : .resnet18
    configuration.width = isTransformer ? 16 : 6
    configuration.depth = isTransformer ? 2 : 0
    configuration.patchSize = 4
    configuration.imageSize = 16
    configuration.dropPathRate = isTransformer ? 0.5 : 0
    return configuration
  }

  /// In training, a frozen backbone computes what it computes when views are scored: statistics of the batch, nothing
  /// random; and neither moves nor learns.
  @Test(arguments: [false, true])
  func frozenBackbonesNeitherLearnNorMove(isTransformer: Bool) {
    let backbone = Self.configuration(isTransformer: isTransformer).makeBackbone(using: Generator(seed: 0))
    let images = Tensor.normal([8, 3, 16, 16], using: Generator(seed: 1))
    func values() -> [[Float]] { StateDictionary(of: backbone).entries.map { $0.value.scalars() } }
    let before = values()
    let scored: [Float] = backbone(images, in: .score).scalars()
    let frozen = withFrozenBackbones { backbone(images, in: .train) }
    #expect(frozen.scalars() == scored)
    #expect(!frozen.requiresGradient)
    #expect(values() == before)
    let stage = withFrozenBackbones { backbone.features(images, afterStage: 1, in: .train) }
    #expect(!stage.requiresGradient)
    if let transformer = backbone as? VisionTransformer {
      #expect(withFrozenBackbones { !transformer.tokens(images, in: .train).requiresGradient })
      #expect(withFrozenBackbones { !transformer.lastTokens(2, of: images, in: .train)[0].requiresGradient })
    }
    #expect(values() == before)

    let free = withFrozenBackbones(false) { backbone(images, in: .train) }
    #expect(free.requiresGradient)
    #expect(free.scalars() != scored || !isTransformer)
    #expect((values() != before) == !isTransformer)
  }

  @Test func runningStatisticsAreUsedWhereTheyWouldBe() {
    let backbone = Self.configuration(isTransformer: false).makeBackbone(using: Generator(seed: 0))
    let images = Tensor.normal([4, 3, 16, 16], using: Generator(seed: 1))
    _ = backbone(images, in: .train)
    let expected = withoutGradients { backbone(images, in: .evaluate) }
    #expect(relativeError(withFrozenBackbones { backbone(images, in: .evaluate) }, expected) < 1e-6)
  }
}
