import Checkpoints
import Encoders
import Foundation
import HardViewPretraining
import ImageData
import NeuralNetworks
import RunConfiguration
import RunRecords
import TestSupport
import Testing
import Torch
import Views

/// Encoders from runs, from files, and from nothing.
@Suite struct VisionEncoderTests {
  // MARK: - Own encoders

  @Test func runsCheckpointsAndFilesThatStandAloneAreOneEncoder() throws {
    try withTemporaryDirectory { folder in
      let run = try SmallRun(in: folder)
      let whole = try VisionEncoder(run.directory.path)
      let alone = folder + "/alone.safetensors"
      try FileManager.default.copyItem(atPath: run.directory.encoderPath, toPath: alone)
      for source in [run.directory.encoderPath, run.directory.checkpointPath, alone] {
        let encoder = try VisionEncoder(source)
        #expect(encoder.values == whole.values && encoder.configuration == whole.configuration)
        #expect(encoder.step == 2 && encoder.path == source)
      }
      #expect(whole.configuration.backbone.width == 8 && whole.configuration.viewSize == 16)
      #expect(whole.configuration.preprocessing.mean == [0.5] && whole.configuration.preprocessing.resize == 18)
      #expect(whole.evaluation.path == run.directory.evaluationPath && whole.data.path == run.data)
      let encoder = try VisionEncoder(alone)
      #expect(encoder.run == nil && encoder.evaluation.path == folder + "/alone.evaluation")
      #expect(#expect(throws: EncoderError.self) { try encoder.open() }?.problem == .noData)
      #expect(try encoder.open(run.data).count == 64)
      // It holds one network, which settings cannot change.
      let other = #expect(throws: ConfigurationError.self) {
        try VisionEncoder(alone, options: EncoderOptions(backbone: .resnet50))
      }
      #expect(other?.path == "backbone.name" && other?.description.contains("holds an encoder with resnet18") == true)
      #expect(try VisionEncoder(alone, options: EncoderOptions(crop: 32)).configuration.preprocessing.resize == 36)
      // So is what lies in the run's folder without being one of its checkpoints.
      let export = run.directory.path + "/export"
      _ = try EncoderExport(
        VisionEncoder(alone, options: EncoderOptions(crop: 32)), to: .safetensors, version: "1"
      ).write(to: export)
      let exported = try VisionEncoder(export + "/model.safetensors")
      #expect(exported.run == nil && exported.configuration.preprocessing.crop == 32)
      // A checkpoint of the whole training does not say what the encoder is.
      let torn = folder + "/torn.safetensors"
      try FileManager.default.copyItem(atPath: run.directory.checkpointPath(atStep: 2), toPath: torn)
      #expect(#expect(throws: EncoderError.self) { try VisionEncoder(torn) }?.problem == .checkpointWithoutRun)
    }
  }

  /// Files of older versions are like those of other programs: the run says what they are, or their names and shapes.
  @Test func encodersOfOlderVersionsLoad() throws {
    try withTemporaryDirectory { folder in
      let run = try SmallRun(in: folder)
      let whole = try VisionEncoder(run.directory.path)
      for path in [run.directory.encoderPath, folder + "/old.safetensors"] {
        try StateDictionary(of: whole.backbone).write(
          to: path, metadata: ["format": "pt", "architecture": "resnet18", "step": "2"])
      }
      #expect(try VisionEncoder(run.directory.path).configuration == whole.configuration)
      let old = try VisionEncoder(folder + "/old.safetensors")
      #expect(old.values == whole.values && old.step == 2 && old.configuration.preprocessing.crop == 32)
      let backbone = old.configuration.backbone
      #expect(backbone.name == .resnet18 && backbone.width == 8 && backbone.stem == .cifar && backbone.channels == 1)
    }
  }

  @Test(arguments: BackboneConfiguration.Name.allCases)
  func theDescriptionComesBackFromMetadata(name: BackboneConfiguration.Name) throws {
    var backbone = BackboneConfiguration()
    backbone.name = name
    var configuration = EncoderConfiguration(backbone: backbone)
    configuration.preprocessing.mean = [0.25, 0.5, 0.75]
    configuration.preprocessing.interpolation = .bicubic
    let metadata = [EncoderConfiguration.metadataKey: configuration.metadata]
    #expect(try EncoderConfiguration(metadata: metadata, of: "a file") == configuration)
    // Nothing is left to be known: other programs read the numbers that 0 stands for here.
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(configuration.metadata.utf8)) as? [String: Any])
    let written = try #require(json["backbone"] as? [String: Any])
    #expect(json["heads"] as? Int == [.vitTiny: 3, .vitSmall: 6, .vitBase: 12][name] ?? 0)
    #expect(written["width"] as? Int == [.vitTiny: 192, .vitSmall: 384, .vitBase: 768][name] ?? 64)
    #expect(written["depth"] as? Int == (backbone.isTransformer ? 12 : 0))
    #expect(written["image_size"] as? Int == (backbone.isTransformer ? 224 : 0))
  }

  @Test func aDescriptionThatMakesNoSenseNamesFileAndKey() {
    for (text, key) in [
      ("{backbone: {name: resnet19}}", "backbone.name"), ("{preprocessing: {crop: 300}}", "preprocessing.crop"),
      ("{preprocessing: {mean: [1, 2]}}", "preprocessing.mean"), ("{colour: 1}", "colour"),
      ("{preprocessing: {standard_deviation: [0]}}", "preprocessing.standard_deviation"),
    ] {
      let error = #expect(throws: ConfigurationError.self) {
        try EncoderConfiguration(metadata: ["encoder": text], of: "e.safetensors")
      }
      #expect(error?.path == "e.safetensors, metadata encoder, \(key)", "\(text)")
    }
  }

  // MARK: - Those of other programs

  /// A fixture's weights alone, under names with a prefix.
  private func weights(of fixture: String, in folder: String, prefix: String = "") throws -> String {
    let file = try Fixtures.open(fixture)
    var state = StateDictionary()
    for name in file.names where !name.hasPrefix("fixture.") { state.append(prefix + name, try file.tensor(name)) }
    let path = "\(folder)/\(fixture.split(separator: "/").last!)"
    try state.write(to: path, metadata: [:])
    return path
  }

  @Test(arguments: [
    ("torchvision/resnet18-width8.safetensors", BackboneConfiguration.Name.resnet18, 8, ""),
    ("torchvision/resnet50-width4.safetensors", .resnet50, 4, "module.backbone."),
  ])
  func torchvisionsNetworksAreFoundByTheirShapes(
    fixture: String, name: BackboneConfiguration.Name, width: Int, prefix: String
  ) throws {
    try withTemporaryDirectory { folder in
      let path = try weights(of: fixture, in: folder, prefix: prefix)
      guard width > 4 || !Engine.overrunsNarrowConvolutions else { return }
      let encoder = try VisionEncoder(path)
      let backbone = encoder.configuration.backbone
      #expect(backbone.name == name && backbone.width == width && backbone.stem == .imagenet && backbone.channels == 3)
      #expect(encoder.configuration.preprocessing == ImagePreprocessing(resize: 256, crop: 224))
      let file = try Fixtures.open(fixture)
      let features = withoutGradients { encoder.backbone(try! file.tensor("fixture.input"), in: .evaluate) }
      #expect(relativeError(features, try file.tensor("fixture.features")) < 1e-4)
    }
  }

  @Test(arguments: [("narrow", 0), ("registers", 4), ("heads", 0)])
  func timmsTransformersAreFoundByTheirShapes(fixture: String, registers: Int) throws {
    try withTemporaryDirectory { folder in
      let encoder = try VisionEncoder(weights(of: "timm/vit-\(fixture).safetensors", in: folder, prefix: "backbone."))
      let file = try Fixtures.open("timm/vit-\(fixture).safetensors")
      let input = try file.tensor("fixture.input").converted(to: .float32)
      let backbone = encoder.configuration.backbone
      #expect(backbone.isTransformer && backbone.registerTokens == registers && backbone.imageSize == input.shape[2])
      #expect(encoder.configuration.preprocessing.crop == input.shape[2])
      let features = withoutGradients { encoder.backbone(input, in: .evaluate) }
      #expect(relativeError(features, VisionTransformer.classToken(of: try file.tensor("fixture.tokens"))) < 1e-4)
    }
  }

  @Test func aFileThatDoesNotFitListsNamesAndShapes() throws {
    try withTemporaryDirectory { folder in
      let path = try weights(of: "torchvision/resnet18-width8.safetensors", in: folder)
      #expect(try VisionEncoder(path, options: EncoderOptions(backbone: .resnet18)).configuration.backbone.width == 8)
      let other = #expect(throws: (any Error).self) {
        try VisionEncoder(path, options: EncoderOptions(backbone: .resnet50))
      }
      #expect("\(other!)".contains("layer1.0.conv1.weight is [8, 8, 3, 3] in the file, [8, 8, 1, 1] here"))
      var settings = ConfigurationTree.empty
      try settings.set("backbone.stem=cifar")
      let stem = #expect(throws: WeightsError.self) {
        try VisionEncoder(path, options: EncoderOptions(settings: settings))
      }
      #expect(stem?.description.contains("conv1.weight is [8, 3, 7, 7] in the file, [8, 3, 3, 3] here") == true)
      // A tensor without a place would change the features.
      let file = try Checkpoint(path: path)
      var state = StateDictionary()
      for name in file.names where name != "layer4.1.bn2.bias" { state.append(name, try file.tensor(name)) }
      state.append("layer1.0.se.fc1.weight", .zeros([2, 8]))
      try state.write(to: folder + "/squeezed.safetensors", metadata: [:])
      let mismatch = #expect(throws: MismatchError.self) { try VisionEncoder(folder + "/squeezed.safetensors") }
      #expect(mismatch?.missing == ["layer4.1.bn2.bias"] && mismatch?.unexpected == ["layer1.0.se.fc1.weight"])
    }
  }

  @Test func unknownFamiliesAreNamed() throws {
    try withTemporaryDirectory { folder in
      var state = StateDictionary()
      for name in ["conv1.weight", "layer1.0.conv1.weight", "layer2.0.conv1.weight"] { state.append(name, .zeros([1])) }
      try state.write(to: folder + "/odd.safetensors", metadata: [:])
      let error = #expect(throws: WeightsError.self) { try VisionEncoder(folder + "/odd.safetensors") }
      #expect(error?.problem == .unknownArchitecture("1, 1, 0, 0 basic blocks"))
      var other = StateDictionary()
      other.append("linear.weight", .zeros([1]))
      try other.write(to: folder + "/none.safetensors", metadata: [:])
      #expect(
        #expect(throws: WeightsError.self) { try VisionEncoder(folder + "/none.safetensors") }?.description
          .contains("it holds linear.weight") == true)
    }
  }

  // MARK: - None

  @Test func untrainedEncodersFollowTheSeed() throws {
    var options = EncoderOptions(backbone: .resnet18)
    try options.settings.set("backbone.width=8")
    try options.settings.set("backbone.channels=1")
    let (first, again) = try (VisionEncoder("random", options: options), VisionEncoder("random", options: options))
    #expect(first.values == again.values && first.name == "random resnet18, seed 0" && first.step == 0)
    #expect(first.evaluation.path == "random-resnet18.evaluation")
    options.seed = 1
    #expect(try VisionEncoder("random", options: options).values != first.values)
    let average = first.configuration.preprocessing.mean
    #expect(average.count == 1 && abs(average[0] - 0.449) < 1e-9)
    #expect(#expect(throws: EncoderError.self) { try VisionEncoder("random") }?.problem == .noBackbone)
  }

  @Test func anUntrainedEncoderLikeAnotherSeesTheSame() throws {
    try withTemporaryDirectory { folder in
      let run = try SmallRun(in: folder)
      let trained = try VisionEncoder(run.directory.path)
      let random = try VisionEncoder("random", options: EncoderOptions(like: run.directory.path, seed: 3))
      #expect(random.configuration == trained.configuration && random.values != trained.values)
      #expect(random.origin == .random(seed: 3) && random.data.path == run.data)
      let useless = EncoderOptions(like: run.directory.path)
      #expect(throws: EncoderError.self) { try VisionEncoder(run.directory.path, options: useless) }
    }
  }

  // MARK: - Other images

  @Test func otherSidesKeepTheProportion() throws {
    var backbone = BackboneConfiguration()
    backbone.stem = .cifar
    let small = EncoderConfiguration(backbone: backbone)
    #expect(small.preprocessing == ImagePreprocessing(resize: 37, crop: 32))
    let larger = try small.seeing(crop: 64).preprocessing
    #expect(larger.resize == 74 && larger.crop == 64)
    #expect(try small.seeing(resize: 40).preprocessing.crop == 32)
    #expect(try small.seeing(resize: 50, crop: 50).preprocessing.resize == 50)
    #expect(try small.seeing() == small)
    let tooSmall = #expect(throws: ConfigurationError.self) { try small.seeing(resize: 20) }
    #expect(tooSmall?.path == "preprocessing.crop")
    backbone.name = .vitTiny
    let transformer = EncoderConfiguration(backbone: backbone)
    let parted = #expect(throws: ConfigurationError.self) { try transformer.seeing(crop: 30) }
    #expect(parted?.description.contains("patches of 16") == true)
  }
}
