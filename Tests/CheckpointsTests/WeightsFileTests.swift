import Checkpoints
import Foundation
import NeuralNetworks
import Safetensors
import TestSupport
import Testing
import Torch

/// Weights under the names that others give them.
@Suite struct WeightsFileTests {
  // MARK: - Networks

  private func residual(
    _ seed: UInt64, width: Int = 6, name: BackboneConfiguration.Name = .resnet18, channels: Int = 3,
    stem: ResNet.Stem = .imagenet
  ) -> any Backbone {
    var configuration = BackboneConfiguration()
    configuration.name = name
    configuration.width = width
    configuration.channels = channels
    configuration.stem = stem
    return configuration.makeBackbone(using: Generator(seed: seed))
  }

  private func transformer(
    _ seed: UInt64, width: Int = 16, depth: Int = 2, patch: Int = 4, image: Int = 16, registers: Int = 0
  ) throws -> VisionTransformer {
    var configuration = BackboneConfiguration()
    configuration.name = .vitTiny
    configuration.width = width
    configuration.depth = depth
    configuration.patchSize = patch
    configuration.imageSize = image
    configuration.registerTokens = registers
    return try #require(configuration.makeBackbone(using: Generator(seed: seed)) as? VisionTransformer)
  }

  private func state(_ backbone: any Backbone) -> [String: [Float]] {
    Dictionary(
      uniqueKeysWithValues: StateDictionary(of: backbone).entries.map { ($0.name, $0.value.scalars(as: Float.self)) })
  }

  private func write(_ parts: [(prefix: String, network: any Backbone)], _ more: [String] = [], in folder: String)
    throws -> String
  {
    var all = StateDictionary()
    for (prefix, network) in parts {
      for (name, value) in StateDictionary(of: network).entries { all.append(prefix + name, value) }
    }
    for name in more { all.append(name, .ones([2, 3])) }
    let path = "\(folder)/weights.safetensors"
    try all.write(to: path, metadata: [:])
    return path
  }

  @discardableResult
  private func load(_ path: String, into backbone: any Backbone) throws -> EncoderMatch {
    let file = try WeightsFile(Checkpoint.ofWeights(at: path))
    let match = try file.match(backbone, at: file.prefix(of: backbone))
    try file.load(match.copies)
    return match
  }

  // MARK: - Names

  @Test(arguments: [
    ("conv1.weight", "conv1.weight"),
    ("module.backbone.cls_token", "backbone.cls_token"),
    ("student.module.backbone.blocks.0.norm1.bias", "student.backbone.blocks.0.norm1.bias"),
    ("state_dict.module.encoder.layer1.0.conv1.weight", "backbone.layer1.0.conv1.weight"),
    ("module.encoder.fc.6.weight", "projector.6.weight"),
    ("module.predictor.0.weight", "predictor.0.weight"),
    ("model._orig_mod.layer1.0.conv1.weight", "layer1.0.conv1.weight"),
    ("student.module.backbone.masked_embed", "mask_embedding"),
    ("dino_loss.center", "center.values"),
    ("ibot_loss.center", "center.values"),
    ("ibot_loss.center2", "patch_center.values"),
  ])
  func wrappersAreTakenOffNames(stored: String, plain: String) {
    #expect(WeightsFile.plainName(stored) == plain)
  }

  /// Files of torchvision and timm themselves, with what their networks make of images.
  @Test(arguments: [
    ("torchvision/resnet18-width8", BackboneConfiguration.Name.resnet18), ("torchvision/resnet50-width4", .resnet50),
  ])
  func torchvisionsNamesGiveItsFeatures(file: String, name: BackboneConfiguration.Name) throws {
    try withTemporaryDirectory { folder in
      let fixture = try Fixtures.open("\(file).safetensors")
      let path = try copy(fixture, renaming: { $0 }, in: folder)
      let backbone = residual(9, width: try fixture.shape(of: "conv1.weight")[0], name: name)
      let match = try load(path, into: backbone)
      #expect(match.missing.isEmpty && match.extra.isEmpty && match.prefix.isEmpty)
      let input = try fixture.tensor("fixture.input")
      let features = withoutGradients { backbone(input, in: .evaluate) }
      #expect(relativeError(features, try fixture.tensor("fixture.features")) < 1e-4)
    }
  }

  @Test(arguments: ["narrow", "registers"])
  func timmsNamesGiveItsTokensAtItsSizeAndAtAnother(file: String) throws {
    try withTemporaryDirectory { folder in
      let fixture = try Fixtures.open("timm/vit-\(file).safetensors")
      let path = try copy(fixture, renaming: { "module.backbone.\($0)" }, in: folder)
      let registers = try fixture.names.contains("reg_token") ? fixture.shape(of: "reg_token")[1] : 0
      let depth = fixture.names.count { $0.hasSuffix(".norm1.weight") }
      // 4 by 4 patches are in the file; 3 by 3 are interpolated, as DINO does.
      for (size, suffix) in [(32, ""), (24, "24x24.")] {
        let backbone = try transformer(9, depth: depth, patch: 8, image: size, registers: registers)
        let match = try load(path, into: backbone)
        #expect(match.missing.isEmpty && match.extra.isEmpty)
        #expect(match.prefix == "backbone.")
        #expect(match.grids?.from == (size == 32 ? nil : 4) && match.grids?.to == (size == 32 ? nil : 3))
        let input = try fixture.tensor("fixture.\(suffix)input").converted(to: .float32)
        let tokens = withoutGradients { backbone.tokens(input, in: .evaluate) }
        #expect(relativeError(tokens, try fixture.tensor("fixture.\(suffix)tokens")) < 1e-4)
      }
    }
  }

  private func copy(_ fixture: Checkpoint, renaming: (String) -> String, in folder: String) throws -> String {
    var all = StateDictionary()
    for name in fixture.names where !name.hasPrefix("fixture.") { all.append(renaming(name), try fixture.tensor(name)) }
    let path = folder + "/foreign.safetensors"
    try all.write(to: path, metadata: [:])
    return path
  }

  /// The encoder that the published code evaluates, under the names that it saves.
  @Test(
    arguments: [
      ("", nil),
      ("module.", nil),
      ("backbone.", nil),
      ("module.backbone.", nil),
      ("teacher.backbone.", "student.module.backbone."),
      ("teacher.module.backbone.", "student.module.backbone."),
      ("state_dict.module.encoder.", nil),
      ("state_dict.module.base_encoder.", "state_dict.module.momentum_encoder."),
      ("state_dict.module.encoder_q.", "state_dict.module.encoder_k."),
      ("networks.student.backbone.", "networks.teacher.backbone."),
    ] as [(String, String?)])
  func layoutsAreFoundByTheirNames(prefix: String, other: String?) throws {
    try withTemporaryDirectory { folder in
      for isTransformer in [false, true] {
        func make(_ seed: UInt64) throws -> any Backbone { isTransformer ? try transformer(seed) : residual(seed) }
        let (source, target) = (try make(1), try make(2))
        let path = try write(
          [(prefix, source)] + (other.map { [($0, try make(3))] } ?? []), ["\(prefix)fc.weight"], in: folder)
        let match = try load(path, into: target)
        #expect(state(target) == state(source))
        #expect(match.missing.isEmpty && match.extra.isEmpty)
      }
    }
  }

  @Test func whatIsMissingAndExtraIsListedAndCountersAreNot() throws {
    try withTemporaryDirectory { folder in
      let source = residual(1)
      var all = StateDictionary()
      for (name, value) in StateDictionary(of: source).entries
      where !name.hasSuffix("num_batches_tracked") && !name.hasPrefix("layer4.1.bn2") { all.append(name, value) }
      for name in ["fc.weight", "fc.bias", "layer5.0.conv1.weight"] { all.append(name, .ones([2])) }
      try all.write(to: folder + "/a.safetensors", metadata: [:])
      let target = residual(2)
      let before = state(target)
      let match = try load(folder + "/a.safetensors", into: target)
      let lacking = ["weight", "bias", "running_mean", "running_var"].map { "layer4.1.bn2.\($0)" }
      #expect(match.missing == lacking)
      #expect(match.extra == ["layer5.0.conv1.weight"])
      for name in lacking { #expect(state(target)[name] == before[name]) }
      #expect(state(target)["layer4.1.conv2.weight"] == state(source)["layer4.1.conv2.weight"])
    }
  }

  /// A network with registers takes the positions of one without; its registers keep theirs.
  @Test func registersThatTheFileLacksKeepTheirPositions() throws {
    try withTemporaryDirectory { folder in
      let (source, target) = (try transformer(1), try transformer(2, registers: 3))
      let before = try #require(state(target)["pos_embed"])
      let path = try write([("", source)], in: folder)
      let match = try load(path, into: target)
      #expect(match.missing == ["reg_token"])
      let (loaded, stored) = (try #require(state(target)["pos_embed"]), try #require(state(source)["pos_embed"]))
      #expect(loaded.prefix(16) == stored.prefix(16))
      #expect(loaded[16..<64] == before[16..<64])
      #expect(loaded[64...].elementsEqual(stored[16...]))
    }
  }

  // MARK: - What does not fit

  private func problem(_ path: String, _ backbone: any Backbone) -> WeightsError? {
    let before = state(backbone)
    let error = #expect(throws: WeightsError.self) { try load(path, into: backbone) }
    #expect(state(backbone) == before)
    return error
  }

  @Test func shapesThatDifferAreNamedWithTheirKey() throws {
    try withTemporaryDirectory { folder in
      let path = try write([("", transformer(1))], in: folder)
      func expect(_ target: any Backbone, _ parts: [String]) {
        let text = problem(path, target)?.description ?? ""
        for part in parts { #expect(text.contains(part), "\(text)") }
      }
      expect(
        try transformer(2, patch: 8),
        [
          "patch_embed.proj.weight is [16, 3, 4, 4] in the file, [16, 3, 8, 8] here",
          "backbone.patch_size (4 in the file)",
        ])
      expect(try transformer(2, width: 24), ["backbone.width"])
      expect(residual(2), ["holds a vision transformer", "backbone.name asks for a residual network"])
      // Fewer registers than the file has.
      let registers = try write([("", transformer(1, registers: 2))], in: folder)
      let other = try transformer(2, registers: 3)
      #expect(problem(registers, other)?.description.contains("register_tokens") == true)

      let residualPath = try write([("", residual(1))], in: folder)
      for (target, key) in [
        (residual(2, width: 8), "backbone.width"), (residual(2, channels: 1), "backbone.channels (3 in the file)"),
        (residual(2, stem: .cifar), "backbone.stem"),
      ] {
        #expect(problem(residualPath, target)?.description.contains(key) == true)
      }
      let vision = try transformer(2)
      #expect(problem(residualPath, vision)?.description.contains("holds a residual network") == true)
    }
  }

  @Test func filesWithoutAnEncoderOrWithSeveralListWhatTheyHold() throws {
    try withTemporaryDirectory { folder in
      let none = problem(try write([], ["stage.0.weight", "stage.1.weight"], in: folder), residual(1))
      guard case .noEncoder(_, "layer1.0.conv1.weight", let found) = none?.problem else {
        Issue.record("\(String(describing: none))")
        return
      }
      #expect(found.sorted() == ["stage.0.weight", "stage.1.weight"])

      let several = problem(try write([("left.", residual(1)), ("right.", residual(2))], in: folder), residual(3))
      #expect(several?.problem == .ambiguous(["left.layer1.0.conv1.weight", "right.layer1.0.conv1.weight"]))
      let twice = problem(try write([("", residual(1)), ("module.", residual(2))], in: folder), residual(3))
      guard case .ambiguous = twice?.problem else {
        Issue.record("\(String(describing: twice))")
        return
      }
    }
  }

  @Test func lessThanHalfOfAnEncoderIsAnError() throws {
    try withTemporaryDirectory { folder in
      let source = residual(1)
      func path(keeping count: Int) throws -> String {
        var all = StateDictionary()
        for (name, value) in StateDictionary(of: source).entries.filter({ !$0.name.hasSuffix("tracked") }).prefix(count)
        {
          all.append(name, value)
        }
        let path = "\(folder)/\(count).safetensors"
        try all.write(to: path, metadata: [:])
        return path
      }
      // A ResNet-18 has 20 convolutions and 20 normalizations of four tensors.
      let (few, half) = (try path(keeping: 49), try path(keeping: 50))
      let text = problem(few, residual(2))?.description
      #expect(text?.contains("only 49 of the encoder's 100 tensors") == true)
      let match = try load(half, into: residual(2))
      #expect(match.missing.count == 50)
    }
  }

  // MARK: - Pickles and damage

  @Test(
    arguments: [
      ("checkpoint.pth", [0x50, 0x4B, 0x03, 0x04, 0x00, 0x00, 0x08, 0x08, 0x00]),
      ("no-ending", [0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9]),
      ("old.pth.tar", [0x64, 0x61, 0x74, 0x61, 0x2F, 0x00, 0x00, 0x00, 0x00, 0x00]),
      ("a b.bin", [1, 2, 3]),
    ] as [(String, [UInt8])])
  func picklesAreRefusedWithTheLineThatConvertsThem(name: String, bytes: [UInt8]) throws {
    try withTemporaryDirectory { folder in
      let path = "\(folder)/\(name)"
      try Data(bytes).write(to: URL(filePath: path))
      let error = #expect(throws: WeightsError.self) { try Checkpoint.ofWeights(at: path) }
      #expect(error?.problem == .pickle)
      let command = PickleConversion.command(for: path)
      #expect(error?.description.hasSuffix(command) == true)
      #expect(command.contains("weights_only=True"))
      let stem = ["checkpoint", "no-ending", "old", "a b"].first { name.hasPrefix($0) } ?? ""
      let quote = name.contains(" ") ? "'" : ""
      #expect(command.hasSuffix(" \(quote)\(folder)/\(name)\(quote) \(quote)\(folder)/\(stem).safetensors\(quote)"))
    }
  }

  @Test func theDocumentShowsTheLineThatTheErrorShows() throws {
    let root = Fixtures.committed.deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(contentsOf: root.appending(path: "Documentation/StartingFromWeights.md"), encoding: .utf8)
    #expect(text.contains("\n\(PickleConversion.command(for: "FILE.pth"))\n"))
  }

  /// A header of 640 bytes begins like a pickle.
  @Test func safetensorsAreReadWhateverTheyBeginWith() throws {
    try withTemporaryDirectory { folder in
      let path = folder + "/weights.pt"
      var all = StateDictionary()
      all.append("a", .ones([2]))
      var padding = 0
      repeat {
        padding += 1
        try all.write(to: path, metadata: ["padding": String(repeating: "x", count: padding)])
      } while try Data(contentsOf: URL(filePath: path)).prefix(2) != Data([0x80, 0x02]) && padding < 1000
      #expect(padding < 1000)
      #expect(try Checkpoint.ofWeights(at: path).names == ["a"])
    }
  }

  @Test func damagedAndMissingFilesAreNamed() throws {
    try withTemporaryDirectory { folder in
      let path = try write([("", residual(1))], in: folder)
      var bytes = try Data(contentsOf: URL(filePath: path))
      bytes[bytes.count - 5] ^= 1
      try bytes.write(to: URL(filePath: path))
      let damaged = #expect(throws: SafetensorsError.self) { try Checkpoint.ofWeights(at: path) }
      guard case .wrongChecksum = damaged?.problem else {
        Issue.record("\(String(describing: damaged))")
        return
      }
      try bytes.prefix(100).write(to: URL(filePath: path))
      #expect(throws: SafetensorsError.self) { try Checkpoint.ofWeights(at: path) }
      #expect(throws: SafetensorsError.self) { try Checkpoint.ofWeights(at: folder + "/nothing.pth") }
    }
  }
}
