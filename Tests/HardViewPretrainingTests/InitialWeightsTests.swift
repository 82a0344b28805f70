import Checkpoints
import Foundation
@testable import HardViewPretraining
import NeuralNetworks
import Objectives
import RunConfiguration
import RunRecords
import Safetensors
import TestSupport
import Testing
import Torch

/// Runs that begin with the weights of others.
@Suite struct InitialWeightsTests {
  /// A small run of any method with a source of weights.
  struct Setup {
    let folder: String
    let data: String

    init(in folder: String) throws {
      self.folder = folder
      data = try SyntheticImages.writeIDX(in: folder, side: 28)
    }

    func configuration(_ method: String, _ assignments: [String] = []) throws -> ResolvedConfiguration {
      try MethodRunTests.configuration(method, data: data, assignments)
    }

    func train(_ method: String, _ assignments: [String] = [], in name: String) throws -> RunDirectory {
      _ = try Pretraining.start(configuration(method, assignments), output: "\(folder)/\(name)").run()
      return try RunDirectory.open(at: "\(folder)/\(name)")
    }

    /// A run that has not begun, in a folder of its own.
    func planned(_ method: String, from path: String, _ assignments: [String] = []) throws -> any PretrainingTask {
      try Pretraining.start(
        configuration(method, assignments + ["initialization.path=\(path)"]), output: "\(folder)/\(UUID().uuidString)")
    }
  }

  // MARK: - Own runs

  /// A run, its checkpoints and its encoder all give the encoder bit for bit; checkpoints of the same method the heads,
  /// the teacher and the center, too.
  @Test(arguments: ["simsiam", "dino", "ibot", "byol", "vicreg"])
  func ownRunsComeBackWhole(method: String) throws {
    try withTemporaryDirectory { folder in
      let setup = try Setup(in: folder)
      let run = try setup.train(method, in: "source")
      let trained = try Self.weights(run.checkpointPath)
      for path in [run.path, run.checkpointPath, run.checkpointPath(atStep: 8)] {
        let task = try setup.planned(method, from: path, ["seed=5"])
        #expect(try Self.weights(task) == trained)
        let report = try #require(task.summary.initialization)
        #expect(report.hasHeads && report.missing.isEmpty && report.extra.isEmpty && report.unused.isEmpty)
        #expect("\(task.summary)".contains("heads of \(method)"))
      }

      let task = try setup.planned(method, from: run.encoderPath, ["seed=5"])
      let again = folder + "/again.safetensors"
      let metadata = try Checkpoint(path: run.encoderPath).metadata.filter { $0.key != "checksum" }
      try StateDictionary(of: task.encoder).write(to: again, metadata: metadata)
      #expect(try Data(contentsOf: URL(filePath: again)) == Data(contentsOf: URL(filePath: run.encoderPath)))
      #expect(task.summary.initialization?.hasHeads == false)
      #expect("\(task.summary)".contains("heads begin at random"))
      #expect(try Self.weights(task) != trained)
    }
  }

  /// From another method, or with other heads, the encoder that the other method keeps goes into every backbone.
  @Test func otherMethodsTakeTheEncoderAlone() throws {
    try withTemporaryDirectory { folder in
      let setup = try Setup(in: folder)
      for (source, target, changes) in [
        ("dino", "ibot", []), ("ibot", "dino", []), ("byol", "moco-v3", []), ("byol", "simsiam", []),
        ("dino", "dino", ["method.prototypes=40"]), ("simsiam", "byol", []),
      ] {
        let run = try setup.train(source, ["training.epochs=1"], in: "\(source)-\(target)-\(changes.count)")
        let encoder = try Self.tensors(run.encoderPath)
        let task = try setup.planned(target, from: run.path, changes)
        let report = try #require(task.summary.initialization)
        #expect(!report.hasHeads && report.missing.isEmpty && !report.unused.isEmpty, "\(report)")
        let weights = try Self.weights(task)
        for place in Self.backbonePlaces(in: weights) {
          for (name, values) in encoder { #expect(weights[place + name] == values, "\(source) \(target) \(name)") }
        }
        #expect(Self.backbonePlaces(in: weights).count == (["simsiam"].contains(target) ? 1 : 2))
      }
    }
  }

  @Test func transformersForOtherSizesInterpolateTheirPositions() throws {
    try withTemporaryDirectory { folder in
      let setup = try Setup(in: folder)
      let run = try setup.train("dino", ["training.epochs=1"], in: "source")
      let task = try setup.planned("dino", from: run.path, ["backbone.image_size=14"])
      let report = try #require(task.summary.initialization)
      #expect(report.hasHeads && report.grids == [4, 2])
      #expect("\(report)".contains("positions interpolated from 4×4 patches to 2×2"))
      // What the trained network makes of images of that size.
      let trained = try PretrainedEncoder(run: run.path).backbone
      let images = Tensor.normal([3, 1, 14, 14], using: Generator(seed: 3))
      let (new, old) = withoutGradients { (task.encoder(images, in: .evaluate), trained(images, in: .evaluate)) }
      #expect(relativeError(new, old) < 1e-6)
    }
  }

  /// The file is read once: a run that goes on needs it no more, and ends with the same weights.
  @Test func resumedRunsDoNotReadTheFileAgain() throws {
    try withTemporaryDirectory { folder in
      let setup = try Setup(in: folder)
      let source = try setup.train("simsiam", ["training.epochs=1"], in: "source")
      let settings = ["initialization.path=\(source.path)", "seed=4"]
      let whole = try setup.train("simsiam", settings, in: "whole")
      #expect(try whole.readConfiguration().contains("path: \(source.path)\n"))
      var steps = 0
      let parts = try Pretraining.start(setup.configuration("simsiam", settings), output: folder + "/parts")
      let outcome = try parts.run(shouldStop: {
        steps += 1
        return steps == 3
      })
      #expect(outcome == .interrupted)
      try FileManager.default.removeItem(atPath: source.path)
      let resumed = try Pretraining.resume(folder + "/parts")
      #expect(resumed.summary.initialization == nil)
      _ = try resumed.run()
      #expect(try TinyRun.weights(RunDirectory.open(at: folder + "/parts")) == TinyRun.weights(whole))
    }
  }

  /// A relative path is kept as it is from any folder.
  @Test func relativePathsAreKeptAbsolute() throws {
    try withTemporaryDirectory { folder in
      let setup = try Setup(in: folder)
      let source = try setup.train("simsiam", ["training.epochs=1"], in: "source")
      let here = URL(filePath: FileManager.default.currentDirectoryPath).pathComponents.count - 1
      let relative = String(repeating: "../", count: here) + source.path.dropFirst()
      let configuration = try setup.configuration("simsiam", ["initialization.path=\(relative)"]).withAbsolutePaths()
      #expect(configuration.values.initialization.path == URL(filePath: source.path).standardizedFileURL.path)
    }
  }

  @Test func aDamagedNewestCheckpointIsNamedAndTheOneBeforeTaken() throws {
    try withTemporaryDirectory { folder in
      let setup = try Setup(in: folder)
      let run = try setup.train("simsiam", in: "source")
      let newest = run.checkpointPath(atStep: 8)
      try Data(contentsOf: URL(filePath: newest)).prefix(1000).write(to: URL(filePath: newest))
      let task = try setup.planned("simsiam", from: run.path)
      #expect(try Self.weights(task) == Self.weights(run.checkpointPath(atStep: 4)))
      #expect("\(task.summary)".contains("step-00000008.safetensors"))
    }
  }

  // MARK: - Published layouts

  /// Whole checkpoints of the published DINO, iBOT and SimSiam code bring their heads, teacher and center along.
  @Test(arguments: ["dino", "ibot", "simsiam"])
  func publishedCheckpointsBringTheirHeads(method: String) throws {
    try withTemporaryDirectory { folder in
      let setup = try Setup(in: folder)
      let shared = method == "ibot" ? ["method.shares_prototypes=true"] : []
      let run = try setup.train(method, ["training.epochs=1"] + shared, in: "source")
      let trained = try Self.weights(run.checkpointPath)
      var published = StateDictionary()
      let own = try Checkpoint(path: run.checkpointPath)
      for name in own.names where name.hasPrefix("model.") {
        let (publishedName, value) = Self.published(String(name.dropFirst(6)), try own.tensor(name), method: method)
        published.append(publishedName, value)
      }
      let path = folder + "/published.safetensors"
      try published.write(to: path, metadata: [:])
      let task = try setup.planned(method, from: path, shared + ["seed=3"])
      #expect(task.summary.initialization?.hasHeads == true)
      #expect(try Self.weights(task) == trained)
    }
  }

  /// The name and shape that the published code gives a tensor of this package, joined by dots.
  private static func published(_ name: String, _ value: Tensor, method: String) -> (String, Tensor) {
    if method == "simsiam" {
      for (own, other) in [("projector.", "encoder.fc."), ("backbone.", "encoder.")] where name.hasPrefix(own) {
        return ("state_dict.module.\(other)\(name.dropFirst(own.count))", value)
      }
      return ("state_dict.module.\(name)", value)
    }
    switch name {
    case "mask_embedding": return ("student.module.backbone.masked_embed", value.reshaped([1, -1]))
    case "center.values": return ("\(method)_loss.center", value)
    case "patch_center.values": return ("ibot_loss.center2", value.reshaped([1, 1, -1]))
    default:
      return (name.hasPrefix("student.") ? "student.module.\(name.dropFirst("student.".count))" : name, value)
    }
  }

  /// A file of a backbone alone.
  @Test func encodersFromElsewhereGoIntoTeacherAndStudent() throws {
    try withTemporaryDirectory { folder in
      let setup = try Setup(in: folder)
      let backbone = try setup.configuration("dino").values.backbone.makeBackbone(using: Generator(seed: 77))
      var file = StateDictionary(of: backbone, prefix: "teacher.backbone.")
      for name in ["teacher.head.mlp.0.weight", "teacher.backbone.norm_pre.weight"] {
        file.append(name, .ones([3, 3]))
      }
      let path = folder + "/teacher.safetensors"
      try file.write(to: path, metadata: [:])
      let task = try setup.planned("dino", from: path)
      let weights = try Self.weights(task)
      #expect(Self.backbonePlaces(in: weights) == ["student.backbone.", "teacher.backbone."])
      for (name, value) in StateDictionary(of: backbone).entries {
        for place in ["student.backbone.", "teacher.backbone."] {
          #expect(weights[place + name] == value.scalars(as: Float.self))
        }
      }
      let report = try #require(task.summary.initialization)
      #expect(report.extra == ["teacher.backbone.norm_pre.weight"])
      #expect(report.unused == ["teacher.head.mlp.0.weight"])
      #expect("\(task.summary)".contains("not used: 1 (teacher.head.mlp.0.weight)"))
    }
  }

  // MARK: - Failures

  @Test func weightsThatDoNotFitLeaveNoFolder() throws {
    try withTemporaryDirectory { folder in
      let setup = try Setup(in: folder)
      let run = try setup.train("simsiam", ["training.epochs=1"], in: "source")
      let pickle = folder + "/weights.pth"
      try Data([0x80, 0x02, 1, 2]).write(to: URL(filePath: pickle))
      let empty = folder + "/nothing"
      try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: false)
      func failure(_ path: String, _ more: [String] = []) throws -> String {
        let before = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        let error = #expect(throws: (any Error).self) { try setup.planned("simsiam", from: path, more) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == before)
        return error.map { "\($0)" } ?? ""
      }
      #expect(
        try failure(run.path, ["backbone.width=16"]).contains("Set backbone.name or backbone.width as in the file"))
      #expect(try failure(pickle).contains("torch.load(sys.argv[1], map_location='cpu', weights_only=True)"))
      #expect(try failure(folder + "/absent.safetensors").contains("absent.safetensors"))
      #expect(try failure(empty).contains("is no run folder"))
      try FileManager.default.removeItem(atPath: run.checkpointsPath)
      #expect(try failure(run.path).contains("has no checkpoint yet"))
    }
  }

  // MARK: - Looking inside

  static func weights(_ path: String) throws -> [String: [Float]] {
    try tensors(path).reduce(into: [:]) { result, entry in
      if entry.key.hasPrefix("model.") { result[String(entry.key.dropFirst("model.".count))] = entry.value }
    }
  }

  static func tensors(_ path: String) throws -> [String: [Float]] {
    let checkpoint = try Checkpoint(path: path)
    return try Dictionary(
      uniqueKeysWithValues: checkpoint.names.map { ($0, try checkpoint.tensor($0).scalars(as: Float.self)) })
  }

  /// The networks of a run that has not begun.
  static func weights(_ task: any PretrainingTask) throws -> [String: [Float]] {
    try #require(task as? any NetworkHolder).weights
  }

  static func backbonePlaces(in weights: [String: [Float]]) -> [String] {
    weights.keys.filter { $0.hasSuffix("backbone.patch_embed.proj.weight") || $0.hasSuffix("backbone.conv1.weight") }
      .map { String($0[..<$0.range(of: "backbone.")!.upperBound]) }.sorted()
  }
}

/// A run whose networks a test looks into.
private protocol NetworkHolder {
  var weights: [String: [Float]] { get }
}

extension PretrainingRun: NetworkHolder {
  fileprivate var weights: [String: [Float]] {
    Dictionary(
      uniqueKeysWithValues: StateDictionary(of: pretrained).entries.map { ($0.name, $0.value.scalars(as: Float.self)) })
  }
}
