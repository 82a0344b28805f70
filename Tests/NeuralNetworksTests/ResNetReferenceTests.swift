import Checkpoints
import Foundation
import NeuralNetworks
import TestSupport
import Testing
import Torch

/// State dictionaries and features of torchvision's own networks.
@Suite struct ResNetReferenceTests {
  static let files: [(file: String, name: BackboneConfiguration.Name)] = [
    ("torchvision/resnet18-width8", .resnet18), ("torchvision/resnet50-width4", .resnet50),
  ]

  private func load(_ file: String, _ name: BackboneConfiguration.Name) throws -> (any Backbone, Checkpoint) {
    let fixture = try Fixtures.open("\(file).safetensors")
    var configuration = BackboneConfiguration()
    configuration.name = name
    configuration.width = try fixture.tensor("conv1.weight").shape[0]
    let backbone = configuration.makeBackbone(using: Generator(seed: 0))
    try fixture.load(into: StateDictionary(of: backbone)) { !$0.hasPrefix("fixture.") && !$0.hasPrefix("fc.") }
    return (backbone, fixture)
  }

  @Test(arguments: files)
  func stateLoadsStrictlyAndGivesTheSameFeatures(file: String, name: BackboneConfiguration.Name) throws {
    let (backbone, fixture) = try load(file, name)
    let input = try fixture.tensor("fixture.input")
    let expected = try fixture.tensor("fixture.features")
    for images in [input, input.channelsLast()] {
      let features = withoutGradients { backbone(images, in: .evaluate) }
      #expect(features.shape == [input.shape[0], backbone.featureCount])
      #expect(relativeError(features, expected) < 1e-4)
      // Without gradients to record, normalizations are folded into convolutions.
      #expect(relativeError(backbone(images, in: .evaluate).detached(), expected) < 1e-4)
    }
  }

  @Test(arguments: files)
  func trainingPhaseGivesTheSameFeaturesAndStatistics(file: String, name: BackboneConfiguration.Name) throws {
    let (backbone, fixture) = try load(file, name)
    let input = try fixture.tensor("fixture.input")
    let expected = try fixture.tensor("fixture.features_train")
    // Deep batch normalization over two images amplifies rounding, so this bound is wider.
    let features = withoutGradients { backbone(input, in: .train) }
    #expect(relativeError(features, expected) < 1e-3)
    let state = Dictionary(uniqueKeysWithValues: backbone.namedState().map { ($0.name, $0.entry.value) })
    let after = fixture.names.filter { $0.hasPrefix("fixture.after.") }
    #expect(after.count >= 4)
    for name in after {
      let value = try #require(state[String(name.dropFirst("fixture.after.".count))])
      #expect(relativeError(value, try fixture.tensor(name)) < 1e-3)
    }
  }

  @Test(
    arguments: [
      (.imagenet, .automatic, true), (.imagenet, .uniform, false), (.cifar, .automatic, false),
      (.cifar, .kaimingNormal, true),
    ] as [(ResNet.Stem, ResNet.ConvolutionInit, Bool)])
  func convolutionsStartAsNamed(stem: ResNet.Stem, start: ResNet.ConvolutionInit, isNormal: Bool) throws {
    var configuration = BackboneConfiguration()
    (configuration.name, configuration.stem, configuration.convolutionInit) = (.resnet18, stem, start)
    let weights = configuration.makeBackbone(using: Generator(seed: 1)).namedState()
    let weight = try #require(weights.first { $0.name == "layer1.0.conv1.weight" }).entry.value.scalars(as: Double.self)
    let variance = weight.map { $0 * $0 }.reduce(0, +) / Double(weight.count)
    let fan = 64.0 * 9
    #expect(abs(variance / (isNormal ? 2 / fan : 1 / (3 * fan)) - 1) < 0.03)
    // Uniform draws have an end, normal ones of this number exceed three deviations.
    #expect((weight.map(abs).max()! > 3 * variance.squareRoot()) == isNormal)
  }

  @Test func fullWidthNamesAndShapesAreTorchvisions() throws {
    struct Entry: Decodable {
      var name: String
      var shape: [Int]
    }
    let data = try Data(contentsOf: URL(filePath: Fixtures.path("torchvision/names.json")))
    let published = try JSONDecoder().decode([String: [Entry]].self, from: data)
    for name in BackboneConfiguration.Name.allCases where !name.rawValue.hasPrefix("vit") {
      var configuration = BackboneConfiguration()
      configuration.name = name
      guard !configuration.isTransformer else { continue }
      let state = configuration.makeBackbone(using: Generator(seed: 0)).namedState()
      let expected = try #require(published[name.rawValue]).filter { !$0.name.hasPrefix("fc.") }
      #expect(Set(state.map(\.name)) == Set(expected.map(\.name)))
      let shapes = Dictionary(uniqueKeysWithValues: state.map { ($0.name, $0.entry.value.shape) })
      for entry in expected { #expect(shapes[entry.name] == entry.shape, "\(entry.name)") }
    }
  }
}
