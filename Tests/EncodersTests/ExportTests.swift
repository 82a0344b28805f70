import Checkpoints
@testable import Encoders
import Foundation
import HardViewPretraining
import NeuralNetworks
import RepresentationEvaluation
import RunConfiguration
import RunEvaluation
import RunRecords
import Statistics
import TestSupport
import Testing
import Torch

/// Encoders as other libraries load them; scripts/check-export loads them there.
@Suite struct ExportTests {
  /// An untrained encoder of a small network.
  static func encoder(_ name: BackboneConfiguration.Name, _ settings: [String] = []) throws -> VisionEncoder {
    var options = EncoderOptions(backbone: name)
    for setting in settings { try options.settings.set("backbone.\(setting)") }
    return try VisionEncoder("random", options: options)
  }

  static let transformer = ["width=48", "depth=2", "patch_size=8", "image_size=32"]

  private func export(
    _ encoder: VisionEncoder, to format: ExportFormat, in folder: String
  ) throws -> (path: String, weights: Checkpoint) {
    let path = "\(folder)/\(format.rawValue)"
    let names = try EncoderExport(encoder, to: format, version: "1").write(to: path)
    #expect(Set(names) == Set(try FileManager.default.contentsOfDirectory(atPath: path)))
    return (path, try Checkpoint(path: path + "/model.safetensors"))
  }

  private func json(_ path: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: path))) as? [String: Any])
  }

  @Test(arguments: [
    ("torchvision/vit", BackboneConfiguration.Name.vitTiny, transformer),
    ("huggingface/vit", .vitTiny, transformer + ["channels=1"]),
    ("huggingface/vit-registers", .vitTiny, transformer + ["channels=1", "register_tokens=4"]),
    ("huggingface/resnet18", .resnet18, ["width=8"]), ("huggingface/resnet50", .resnet50, ["width=8"]),
  ])
  func namesAndShapesAreTheLibrarys(entry: String, name: BackboneConfiguration.Name, settings: [String]) throws {
    let data = try Data(contentsOf: URL(filePath: Fixtures.path("exports/names.json")))
    let all = try #require(try JSONSerialization.jsonObject(with: data) as? [String: [[Any]]])
    var expected: [String: [Int]] = [:]
    for pair in try #require(all[entry]) { expected[try #require(pair[0] as? String)] = pair[1] as? [Int] }
    let format = try #require(ExportFormat(rawValue: String(entry.split(separator: "/")[0])))
    try withTemporaryDirectory { folder in
      let weights = try export(Self.encoder(name, settings), to: format, in: folder).weights
      let found = try Dictionary(uniqueKeysWithValues: weights.names.map { ($0, try weights.shape(of: $0)) })
      #expect(found == expected)
    }
  }

  /// The joint projection is the three of transformers one below the other; registers take their positions along.
  @Test func valuesComeApartAndTogether() throws {
    let encoder = try Self.encoder(.vitTiny, Self.transformer + ["register_tokens=4"])
    let state = StateDictionary(of: encoder.backbone)
    let own = Dictionary(uniqueKeysWithValues: state.entries.map { ($0.name, $0.value) })
    func rows(_ name: String) -> [[Float]] { own[name]!.rows() }
    try withTemporaryDirectory { folder in
      let weights = try export(encoder, to: .huggingface, in: folder).weights
      func found(_ name: String) throws -> Tensor { try weights.tensor(name) }
      for (number, role) in ["query", "key", "value"].enumerated() {
        let name = "encoder.layer.1.attention.attention.\(role).weight"
        let part = rows("blocks.1.attn.qkv.weight")[48 * number..<48 * (number + 1)]
        #expect(try found(name).rows() as [[Float]] == Array(part))
      }
      let registers = own["reg_token"]!.scalars(as: Float.self)
      let positions = own["pos_embed"]!.scalars(as: Float.self)
      let sums = zip(registers, positions[48..<5 * 48]).map { $0 + $1 }
      #expect(try found("embeddings.register_tokens").scalars(as: Float.self) == sums)
      #expect(
        try found("embeddings.position_embeddings").scalars(as: Float.self)
          == Array(positions[..<48]) + Array(positions[(5 * 48)...]))
      let scale = try found("encoder.layer.0.layer_scale2.lambda1")
      #expect(scale.scalars(as: Float.self) == Array(repeating: 1, count: 48))
    }
  }

  /// For images of another size positions are interpolated once, as the network does it for each image.
  @Test func otherSizesTakeTheirPositionsAlong() throws {
    let encoder = try Self.encoder(.vitTiny, Self.transformer)
    var larger = encoder
    larger.configuration = try encoder.configuration.seeing(crop: 48)
    try withTemporaryDirectory { folder in
      let exported = try export(larger, to: .safetensors, in: folder)
      #expect(try exported.weights.shape(of: "pos_embed") == [1, 37, 48])
      let again = try VisionEncoder(exported.path + "/model.safetensors")
      #expect(again.configuration.backbone.imageSize == 48 && again.configuration.preprocessing.crop == 48)
      let images = Tensor.normal([2, 3, 48, 48], using: Generator(seed: 1))
      #expect(relativeError(try again.features(of: images), try encoder.features(of: images)) < 1e-5)
      #expect(try json(exported.path + "/config.json")["heads"] as? Int == 1)
    }
  }

  @Test func configurationsSayWhatLibrariesExpect() throws {
    try withTemporaryDirectory { folder in
      let narrow = try Self.encoder(.resnet18, ["width=8", "stem=cifar", "channels=1"])
      let hub = try export(narrow, to: .huggingface, in: folder).path
      let config = try json(hub + "/config.json")
      #expect(config["model_type"] as? String == "resnet" && config["hidden_sizes"] as? [Int] == [8, 16, 32, 64])
      let processor = try json(hub + "/preprocessor_config.json")
      #expect((processor["size"] as? [String: Int]) == ["shortest_edge": 37] && processor["resample"] as? Int == 2)
      #expect((processor["image_mean"] as? [Double])?.count == 1 && processor["do_convert_rgb"] as? Bool == false)
      let transformer = try Self.encoder(.vitTiny, Self.transformer + ["register_tokens=4"])
      let timm = try export(transformer, to: .timm, in: folder).path
      let model = try json(timm + "/config.json")
      #expect(model["architecture"] as? String == "vit_tiny_patch16_224")
      let arguments = try #require(model["model_args"] as? [String: Int])
      #expect(
        arguments == [
          "img_size": 32, "patch_size": 8, "embed_dim": 48, "depth": 2, "num_heads": 1, "in_chans": 3,
          "num_classes": 0, "reg_tokens": 4,
        ])
      let pretrained = try #require(model["pretrained_cfg"] as? [String: Any])
      #expect(pretrained["input_size"] as? [Int] == [3, 32, 32] && (pretrained["std"] as? [Double])?.count == 3)
    }
  }

  /// timm divides the crop by its share of the resized side, and rounds down.
  @Test func timmFindsEveryResizedSide() throws {
    var backbone = BackboneConfiguration()
    backbone.stem = .cifar
    for crop in stride(from: 8, through: 512, by: 7) {
      for resize in crop...crop + 90 {
        let configuration = try EncoderConfiguration(backbone: backbone).seeing(resize: resize, crop: crop)
        #expect(Int((Double(crop) / TimmConfiguration(configuration).cropShare).rounded(.down)) == resize)
      }
    }
  }

  @Test func whatALibraryCannotHoldIsRefusedWithWhatCan() throws {
    let registers = try Self.encoder(.vitTiny, Self.transformer + ["register_tokens=2"])
    let error = #expect(throws: ExportError.self) { try EncoderExport(registers, to: .torchvision, version: "1") }
    #expect(error?.alternatives == [.timm, .huggingface, .safetensors])
    #expect(error?.description.contains("has no register tokens, and this one has 2") == true)
    try withTemporaryDirectory { folder in
      try "mine".write(toFile: folder + "/notes.txt", atomically: true, encoding: .utf8)
      #expect(throws: RecordError.self) { try EncoderExport(registers, to: .timm, version: "1").write(to: folder) }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["notes.txt"])
    }
  }

  @Test func theCardSaysHowItWasTrainedAndHowGoodItIs() throws {
    try withTemporaryDirectory { folder in
      let run = try SmallRun(in: folder)
      var neighbours = NearestNeighbours()
      neighbours.neighbours = [10]
      let record = try EncoderEvaluation(VisionEncoder(run.directory.path)).run(neighbours)
      let path = try export(VisionEncoder(run.directory.path), to: .timm, in: folder).path
      let card = try String(contentsOfFile: path + "/README.md", encoding: .utf8)
      #expect(card.contains("`simsiam`") && card.contains("1 epoch of batches of 32, 2 steps, seed 0"))
      let measure = try #require(record.measures.first { $0.name == "10-NN" })
      let interval = try #require(measure.interval)
      let shares = [measure.value, interval.lower, interval.upper].map { String(format: "%.2f %%", $0 * 100) }
      #expect(card.contains("| knn | images | 10-NN | \(shares[0]) | \(shares[1]) to \(shares[2]) |"))
      #expect(card.contains("shorter side is 18 px (bilinear") && !card.contains(folder))
      #expect(card.contains("policy: hardest") && card.contains("license: other"))
    }
  }

  /// Surgery where a library's class is of another stem or width, and none where it is not.
  @Test func loadersBuildTheNetwork() throws {
    func text(_ encoder: VisionEncoder, _ format: ExportFormat) -> String {
      PythonLoader(configuration: encoder.configuration, format: format).text
    }
    let narrow = try Self.encoder(.resnet50, ["width=8", "stem=cifar", "channels=1"])
    #expect(text(narrow, .torchvision).contains("model.layer3 = model._make_layer(Bottleneck, 32, 6, stride=2)"))
    #expect(text(narrow, .timm).contains("(Bottleneck,) * 4, (8, 16, 32, 64), (3, 4, 6, 3), 8,"))
    for format in ExportFormat.allCases {
      let loader = text(narrow, format)
      #expect(loader.contains("nn.Conv2d(1, 8, kernel_size=3, stride=1, padding=1, bias=False)"))
      #expect(loader.contains("image.convert(\"L\")") && loader.contains("nn.Identity()"))
      #expect(!text(try Self.encoder(.resnet18, ["width=64"]), format).contains("Conv2d"))
    }
    var settings = ConfigurationTree.empty
    try settings.set("preprocessing={background: \"#ff8000\", sixteen_bit_range: [100, 4195], interpolation: bicubic}")
    var special = narrow
    special.configuration = try narrow.configuration.overlaid(with: settings)
    let loader = text(special, .torchvision)
    for part in ["\"#ff8000\"", "- 100).clip(0, 4095) * 255 + 2047) // 4095", "BICUBIC"] {
      #expect(loader.contains(part))
    }
  }
}
