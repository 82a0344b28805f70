import Checkpoints
import Foundation
import NeuralNetworks
import TestSupport
import Testing
import Torch

/// State dictionaries and features of timm's own networks.
@Suite struct TransformerReferenceTests {
  static let files = ["narrow", "registers", "heads"]

  private func load(_ file: String) throws -> (VisionTransformer, Checkpoint) {
    let fixture = try Fixtures.open("timm/vit-\(file).safetensors")
    let projection = try fixture.tensor("patch_embed.proj.weight").shape
    var configuration = BackboneConfiguration()
    configuration.name = .vitTiny
    configuration.width = projection[0]
    configuration.patchSize = projection[2]
    configuration.imageSize = try fixture.tensor("fixture.input").shape[2]
    configuration.depth = fixture.names.filter { $0.hasSuffix(".norm1.weight") }.count
    configuration.registerTokens = fixture.names.contains("reg_token") ? 4 : 0
    let backbone = try #require(configuration.makeBackbone(using: Generator(seed: 0)) as? VisionTransformer)
    try fixture.load(into: StateDictionary(of: backbone)) { !$0.hasPrefix("fixture.") }
    return (backbone, fixture)
  }

  @Test(arguments: files)
  func stateLoadsStrictlyAndGivesTheSameTokens(file: String) throws {
    let (backbone, fixture) = try load(file)
    let input = try fixture.tensor("fixture.input").converted(to: .float32)
    let expected = try fixture.tensor("fixture.tokens")
    for images in [input, input.channelsLast()] {
      withoutGradients {
        let tokens = backbone.tokens(images, in: .evaluate)
        #expect(relativeError(tokens, expected) < 1e-4)
        let features = backbone(images, in: .evaluate)
        #expect(features.shape == [input.shape[0], backbone.featureCount])
        #expect(relativeError(features, VisionTransformer.classToken(of: expected)) < 1e-4)
      }
    }
  }

  @Test(arguments: files)
  func lastClassTokensAreTimms(file: String) throws {
    let (backbone, fixture) = try load(file)
    let input = try fixture.tensor("fixture.input").converted(to: .float32)
    let names = fixture.names.filter { $0.hasPrefix("fixture.last.") }.sorted()
    let tokens = withoutGradients { backbone.lastTokens(names.count, of: input, in: .evaluate) }
    #expect(tokens.count == min(2, backbone.stageCount))
    for (name, token) in zip(names, tokens) { #expect(relativeError(token, try fixture.tensor(name)) < 1e-4) }
  }

  @Test(arguments: ["narrow", "registers"])
  func positionsForOtherSizesAreInterpolatedAsDINODoes(file: String) throws {
    let (backbone, fixture) = try load(file)
    let inputs = fixture.names.filter { $0.hasSuffix(".input") && $0 != "fixture.input" }
    #expect(inputs.count == 3)
    for name in inputs {
      let images = try fixture.tensor(name).converted(to: .float32).channelsLast()
      let expected = try fixture.tensor(name.replacingOccurrences(of: ".input", with: ".tokens"))
      let tokens = withoutGradients { backbone.tokens(images, in: .evaluate) }
      #expect(relativeError(tokens, expected) < 1e-4, "\(name)")
    }
  }

  @Test func bfloat16AutocastStaysCloseAndReturnsFloat32() throws {
    let (backbone, fixture) = try load("heads")
    let input = try fixture.tensor("fixture.input").converted(to: .float32).channelsLast()
    let tokens = withAutocast(to: .bfloat16) { backbone.tokens(input, in: .train) }
    #expect(tokens.dtype == .float32)
    #expect(relativeError(tokens, try fixture.tensor("fixture.tokens")) < 0.05)
    tokens.sum().backward()
    for (name, parameter) in backbone.namedParameters() {
      let gradient = try #require(parameter.gradient, "\(name)")
      #expect(gradient.dtype == .float32)
      #expect(gradient.magnitude().sum().number.isFinite, "\(name)")
    }
  }

  private struct Published: Decodable {
    struct Entry: Decodable {
      var name: String
      var shape: [Int]
    }
    struct Embedding: Decodable {
      var name: BackboneConfiguration.Name
      var patch_size: Int
      var image_size: Int
      var projection: [Int]
      var positions: [Int]
    }
    var networks: [String: [Entry]]
    var embeddings: [Embedding]

    init() throws {
      let data = try Data(contentsOf: URL(filePath: Fixtures.path("timm/names.json")))
      self = try JSONDecoder().decode(Self.self, from: data)
    }
  }

  @Test func fullWidthNamesAndShapesAreTimms() throws {
    let published = try Published()
    for name in BackboneConfiguration.Name.allCases {
      var configuration = BackboneConfiguration()
      configuration.imageSize = 224
      configuration.name = name
      guard configuration.isTransformer else { continue }
      let backbone = configuration.makeBackbone(using: Generator(seed: 0))
      let state = backbone.namedState()
      let expected = try #require(published.networks[name.rawValue])
      #expect(state.count == expected.count)
      #expect(Set(state.map(\.name)) == Set(expected.map(\.name)))
      #expect(backbone.parameters.count == expected.count)
      let shapes = Dictionary(uniqueKeysWithValues: state.map { ($0.name, $0.entry.value.shape) })
      for entry in expected { #expect(shapes[entry.name] == entry.shape, "\(entry.name)") }
    }
  }

  @Test func patchesAndPositionsFollowTheirSizes() throws {
    let embeddings = try Published().embeddings
    #expect(embeddings.count == 15)
    for expected in embeddings {
      var configuration = BackboneConfiguration()
      configuration.name = expected.name
      configuration.depth = 1
      configuration.patchSize = expected.patch_size
      configuration.imageSize = expected.image_size
      let state = configuration.makeBackbone(using: Generator(seed: 0)).namedState()
      let shapes = Dictionary(uniqueKeysWithValues: state.map { ($0.name, $0.entry.value.shape) })
      #expect(shapes["patch_embed.proj.weight"] == expected.projection)
      #expect(shapes["pos_embed"] == expected.positions)
    }
  }
}
