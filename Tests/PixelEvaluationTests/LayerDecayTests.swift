import Foundation
import NeuralNetworks
import Optimization
import TestSupport
import Testing
import Torch

@testable import PixelEvaluation

/// Against timm (scripts/make_finetuning_fixtures.py).
@Suite struct LayerDecayTests {
  private struct Reference: Decodable {
    let scale: Double
    let decays: Bool

    init(from decoder: any Decoder) throws {
      var values = try decoder.unkeyedContainer()
      scale = try values.decode(Double.self)
      decays = try values.decode(Bool.self)
    }
  }

  @Test(arguments: [("vit_tiny", BackboneConfiguration.Name.vitTiny), ("resnet18", .resnet18)])
  func groupsAreThoseOfTimm(name: String, backbone: BackboneConfiguration.Name) throws {
    let data = try Data(contentsOf: URL(filePath: Fixtures.path("layer-decay.json")))
    let references = try JSONDecoder().decode([String: [String: Reference]].self, from: data)[name]!
    var configuration = BackboneConfiguration()
    configuration.name = backbone
    configuration.imageSize = 224
    let generator = Generator(seed: 0)
    let network = configuration.makeBackbone(using: generator)
    let layers = LayerGroups(network, head: Linear(network.featureCount, 10, using: generator), decay: 0.75)
    var seen: Set<String> = []
    for (group, (scale, decays)) in zip(layers.groups, zip(layers.scales, layers.decays)) {
      for (name, _) in group.parameters {
        let reference = try #require(references[name], "timm has no \(name)")
        #expect(abs(scale - reference.scale) < 1e-9, "\(name)")
        #expect(decays == reference.decays, "\(name)")
        seen.insert(name)
      }
    }
    #expect(seen == Set(references.keys))
  }
}
