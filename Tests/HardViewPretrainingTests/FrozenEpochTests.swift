import Checkpoints
import Foundation
@testable import HardViewPretraining
import NeuralNetworks
import RunConfiguration
import RunRecords
import TestSupport
import Testing
import Torch

/// Epochs in which heads alone train.
@Suite struct FrozenEpochTests {
  private let settings = [
    "training.frozen_encoder_epochs=1", "records.checkpoints.keep=8", "optimizer.schedule.warmup_epochs=0",
  ]

  private func configuration(_ method: String, _ setup: InitialWeightsTests.Setup, source: String) throws
    -> ResolvedConfiguration
  {
    let prototypes = ["dino", "ibot"].contains(method) ? ["method.last_layer_frozen_epochs=0"] : []
    return try setup.configuration(method, settings + prototypes + ["initialization.path=\(source)"])
  }

  private func source(_ method: String, _ setup: InitialWeightsTests.Setup) throws -> String {
    let path = "\(setup.folder)/encoder.safetensors"
    let backbone = try setup.configuration(method).values.backbone.makeBackbone(using: Generator(seed: 77))
    try StateDictionary(of: backbone).write(to: path, metadata: [:])
    return path
  }

  /// After the frozen epoch, encoder, teacher's encoder and their statistics are bit for bit what they began with, and
  /// the heads are not; in the next one the encoders move.
  @Test(arguments: SmallMethods.names)
  func headsTrainFirstAndTheEncoderAfterwards(method: String) throws {
    try withTemporaryDirectory { folder in
      let setup = try InitialWeightsTests.Setup(in: folder)
      let configuration = try configuration(method, setup, source: source(method, setup))
      let task = try Pretraining.start(configuration, output: "\(folder)/run")
      let initial = try InitialWeightsTests.weights(task)
      _ = try task.run()
      let run = try RunDirectory.open(at: "\(folder)/run")
      let frozen = try InitialWeightsTests.weights(run.checkpointPath(atStep: 4))
      let after = try InitialWeightsTests.weights(run.checkpointPath(atStep: 8))
      let places = InitialWeightsTests.backbonePlaces(in: initial)
      let inside = initial.keys.filter { name in places.contains { name.hasPrefix($0) } }
      let outside = Set(initial.keys).subtracting(inside)
      #expect(inside.count > 20)
      for name in inside { #expect(frozen[name] == initial[name], "\(name)") }
      let weights = outside.filter { $0.hasSuffix("weight") || $0.hasSuffix("weight_v") }
      #expect(!weights.isEmpty)
      for name in weights { #expect(frozen[name] != initial[name], "\(name)") }
      for name in places.map({ $0 + stem(initial, $0) }) { #expect(after[name] != frozen[name], "\(name)") }
    }
  }

  /// The first convolution's weights.
  private func stem(_ weights: [String: [Float]], _ place: String) -> String {
    weights["\(place)conv1.weight"] == nil ? "patch_embed.proj.weight" : "conv1.weight"
  }

  @Test(arguments: ["simsiam", "dino"])
  func runsInterruptedWhileFrozenContinueExactly(method: String) throws {
    try withTemporaryDirectory { folder in
      let setup = try InitialWeightsTests.Setup(in: folder)
      let configuration = try configuration(method, setup, source: source(method, setup))
      _ = try Pretraining.start(configuration, output: "\(folder)/whole").run()
      for stop in [2, 4, 5] {
        var steps = 0
        let outcome = try Pretraining.start(configuration, output: "\(folder)/\(stop)").run(shouldStop: {
          steps += 1
          return steps == stop
        })
        #expect(outcome == .interrupted)
        _ = try Pretraining.resume("\(folder)/\(stop)").run()
        let (parts, whole) = (
          try RunDirectory.open(at: "\(folder)/\(stop)"), try RunDirectory.open(at: "\(folder)/whole")
        )
        #expect(try TinyRun.weights(parts) == TinyRun.weights(whole))
      }
    }
  }

  @Test func settingsThatLeaveTheEncoderRandomOrFrozenAreRefused() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let random = #expect(throws: ConfigurationError.self) {
        try Pretraining.start(tiny.configuration(["training.frozen_encoder_epochs=1"]), output: folder + "/a")
      }
      #expect(random?.path == "initialization.path")
      for count in [-1, 2] {
        let error = #expect(throws: ConfigurationError.self) {
          try tiny.configuration(["training.frozen_encoder_epochs=\(count)"])
        }
        #expect(error?.path == "training.frozen_encoder_epochs")
      }
      let run = try tiny.train("run")
      let change = #expect(throws: ConfigurationError.self) {
        try Pretraining.resume(run.path, changing: { try $0.set("training.frozen_encoder_epochs=1") })
      }
      #expect(change?.description.contains("which weights the epochs that are done have trained") == true)
    }
  }
}
