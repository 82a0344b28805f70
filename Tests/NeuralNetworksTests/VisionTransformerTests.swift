import TestSupport
import Testing
import Torch

@testable import NeuralNetworks

@Suite struct VisionTransformerTests {
  private func configuration() -> BackboneConfiguration {
    var configuration = BackboneConfiguration()
    configuration.name = .vitTiny
    configuration.width = 16
    configuration.depth = 2
    configuration.patchSize = 4
    configuration.imageSize = 16
    configuration.registerTokens = 2
    return configuration
  }

  private func images(_ count: Int = 2, seed: UInt64 = 1) -> Tensor {
    Tensor.normal([count, 3, 16, 16], using: Generator(seed: seed)).channelsLast()
  }

  @Test func maskingReplacesExactlyTheMaskedPatches() throws {
    let backbone = try #require(configuration().makeBackbone(using: Generator(seed: 0)) as? VisionTransformer)
    let mask = Tensor.bernoulli([2, 16], probability: 0.4, using: Generator(seed: 2))
    let embedding = Tensor.normal([16], using: Generator(seed: 3)).trainableCopy()
    let first = images()
    // Where the mask is one, pixels of another image; elsewhere the same pixels.
    let pixels = mask.reshaped([2, 1, 4, 1, 4, 1]).expanded(to: [2, 3, 4, 4, 4, 4]).reshaped([2, 3, 16, 16])
    let second = first.replacing(where: pixels .> 0.5, with: images(seed: 4))
    let tokens = backbone.tokens(first, masking: (mask, embedding), in: .evaluate)
    let hidden = backbone.tokens(second, masking: (mask, embedding), in: .evaluate)
    #expect(relativeError(tokens, hidden) < 1e-6)
    #expect(relativeError(backbone.tokens(first, in: .evaluate), backbone.tokens(second, in: .evaluate)) > 1e-3)
    let none = backbone.tokens(first, masking: (.zeros([2, 16]), embedding), in: .evaluate)
    #expect(relativeError(none, backbone.tokens(first, in: .evaluate)) < 1e-6)
    let other = backbone.tokens(first, masking: (mask, embedding * 3.0), in: .evaluate)
    #expect(relativeError(tokens, other) > 1e-3)

    (tokens * Tensor.normal(tokens.shape, using: Generator(seed: 5))).sum().backward()
    #expect(try #require(embedding.gradient).magnitude().sum().number > 0)
  }

  /// The weights are those that the block attends by; what the class token gives to patches is a part of its row.
  @Test func attentionIsWhatTheLastBlockAttendsBy() throws {
    var configuration = configuration()
    configuration.width = 128
    let backbone = try #require(configuration.makeBackbone(using: Generator(seed: 0)) as? VisionTransformer)
    let attention = backbone.blocks[1].attn
    // Larger than at the start, so that rows are not all the same.
    withoutGradients { attention.qkv.weight.value.copyInPlace(from: attention.qkv.weight.value * 20.0) }
    let input = Tensor.normal([2, 19, 128], using: Generator(seed: 6))
    let weights = attention.weights(input, in: .evaluate)
    #expect(weights.shape == [2, 2, 19, 19])
    #expect((weights.sum(along: 3) - 1.0).magnitude().maximum(along: 0, 1, 2).number < 1e-5)
    let values = attention.qkv(input, in: .evaluate).split(into: 3, along: 2)[2].reshaped([2, 19, 2, 64])
      .transposed(1, 2)
    let attended = attention.proj(
      weights.matmul(values).transposed(1, 2).reshaped([2, 19, 128]), in: .evaluate)
    #expect(relativeError(attended, attention(input, in: .evaluate)) < 1e-5)
    // At the start every token is attended to nearly alike: 16 patches of 19 tokens.
    let fresh = try #require(configuration.makeBackbone(using: Generator(seed: 7)) as? VisionTransformer)
    let map = fresh.classAttention(of: images(), in: .evaluate)
    #expect(map.shape == [2, 2, 4, 4])
    #expect(map.sum(along: 2, 3).scalars(as: Double.self).allSatisfy { abs($0 - 16.0 / 19) < 0.05 })
  }

  @Test func maskedPatchesKeepTheirPlace() throws {
    let backbone = try #require(configuration().makeBackbone(using: Generator(seed: 0)) as? VisionTransformer)
    let tokens = backbone.tokens(images(1), masking: (.ones([1, 16]), .ones([16])), in: .evaluate)
    let patches = tokens.narrowed(along: 1, from: backbone.prefixTokenCount, count: 16)
    #expect(patches.standardDeviation(along: 1).minimum(along: 1).number > 0)
  }

  @Test func stochasticDepthActsOnlyInTrainingAndNotOnTeachers() {
    var configuration = configuration()
    configuration.dropPathRate = 0.9
    let input = images(16)
    let student = configuration.makeBackbone(using: Generator(seed: 0))
    let teacher = configuration.makeBackbone(role: .teacher, using: Generator(seed: 0))
    func features(_ backbone: any Backbone, _ phase: Phase) -> [Float] { backbone(input, in: phase).scalars() }
    #expect(features(student, .evaluate) == features(student, .score))
    #expect(features(student, .train) != features(student, .train))
    #expect(features(student, .train) != features(student, .evaluate))
    #expect(features(teacher, .train) == features(student, .evaluate))
  }

  @Test func gradientsReachEveryParameterAtAnySize() throws {
    let backbone = try #require(configuration().makeBackbone(using: Generator(seed: 0)) as? VisionTransformer)
    let input = Tensor.normal([2, 3, 8, 20], using: Generator(seed: 1)).channelsLast()
    let tokens = backbone.tokens(input, in: .train)
    #expect(tokens.shape == [2, 3 + 2 * 5, 16])
    (tokens * Tensor.normal(tokens.shape, using: Generator(seed: 2))).sum().backward()
    for (name, parameter) in backbone.namedParameters() {
      #expect(try #require(parameter.gradient, "\(name)").magnitude().sum().number > 0, "\(name)")
    }
  }

  @Test func startsAsTimmDoes() throws {
    var configuration = configuration()
    configuration.width = 64
    let state = configuration.makeBackbone(using: Generator(seed: 0)).namedState()
    let values = Dictionary(uniqueKeysWithValues: state.map { ($0.name, $0.entry.value) })
    func deviation(_ name: String) throws -> Double {
      let value = try #require(values[name])
      return (value * value).mean().number.squareRoot()
    }
    for name in ["pos_embed", "blocks.0.attn.qkv.weight", "blocks.1.mlp.fc2.weight"] {
      #expect(abs(try deviation(name) - 0.02) < 0.002, "\(name)")
    }
    for name in ["blocks.0.attn.qkv.bias", "blocks.1.mlp.fc1.bias", "norm.bias"] {
      #expect(try deviation(name) == 0, "\(name)")
    }
    for name in ["cls_token", "reg_token"] { #expect(try deviation(name) < 3e-6) }
    // Uniform in ±1/√48.
    #expect(abs(try deviation("patch_embed.proj.weight") - 1 / (3 * 48.0).squareRoot()) < 0.005)
    #expect(try deviation("norm.weight") == 1)
  }

  @Test func configurationsNameTheirFirstMistake() {
    func key(_ change: (inout BackboneConfiguration) -> Void) -> String? {
      var configuration = configuration()
      change(&configuration)
      return configuration.problem()?.key
    }
    #expect(key { _ in } == nil)
    #expect(key { $0.width = 0 } == nil)
    #expect(key { $0.width = 128 } == nil)
    #expect(key { $0.width = 96 } == "width")
    #expect(key { $0.width = -1 } == "width")
    #expect(key { $0.depth = -1 } == "depth")
    #expect(key { $0.channels = 0 } == "channels")
    #expect(key { $0.patchSize = 0 } == "patch_size")
    #expect(key { $0.imageSize = 18 } == "image_size")
    #expect(key { $0.imageSize = 0 } == "image_size")
    #expect(key { $0.registerTokens = -1 } == "register_tokens")
    #expect(key { $0.dropPathRate = 1 } == "drop_path_rate")
    #expect(key { $0.dropPathRate = .nan } == "drop_path_rate")
    #expect(key { $0.name = .resnet18 } == "depth")
    #expect(key { ($0.name, $0.depth) = (.resnet18, 0) } == "register_tokens")
    #expect(key { ($0.name, $0.depth, $0.registerTokens) = (.resnet18, 0, 0) } == nil)
    #expect(BackboneConfiguration().problem() == nil)
  }
}
