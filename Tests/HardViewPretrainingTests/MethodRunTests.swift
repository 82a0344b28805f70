import Foundation
import HardViewPretraining
import HardViewSelection
import ImageData
import NeuralNetworks
import Objectives
import Optimization
import RunConfiguration
import RunRecords
import TestSupport
import Testing
import Torch
import Views

private let fashion = "/usr/share/datasets/fashion-mnist"

/// Every method in runs of its own small recipe.
@Suite struct MethodRunTests {
  /// A method's small recipe on other data, narrow and short.
  static func configuration(_ method: String, data: String, _ assignments: [String]) throws -> ResolvedConfiguration {
    var settings = try Recipes.named("\(method)-fashion")
    let small = [
      "threads=1", "precision=fp32", "data={path: \(data), loader_threads: 0}", "training={epochs: 2, batch_size: 16}",
      "records={metrics_every_steps: 2, views_of_images: 3}", "evaluation={resize: 28, crop: 28}",
    ]
    for (key, value) in narrow where settings["method.\(key)"] != nil {
      settings.set(.integer(value), at: "method.\(key)")
    }
    settings.set(.integer(settings["backbone.name"] == .string("vit_tiny") ? 16 : 8), at: "backbone.width")
    for assignment in small + assignments { try settings.set(assignment) }
    return try ResolvedConfiguration(settings)
  }

  private static let narrow = [
    ("projector_hidden", 16), ("projector_output", 16), ("predictor_hidden", 16), ("head_hidden", 16),
    ("head_bottleneck", 8), ("head_output", 8), ("slices", 8), ("prototypes", 32), ("patch_prototypes", 32),
  ]

  /// The kept encoder of DINO is the teacher's, whose parameters are frozen.
  @Test(arguments: ["dino", "ibot"])
  func theFirstLinesCountTheEncodersParameters(method: String) throws {
    try withTemporaryDirectory { folder in
      let data = try SyntheticImages.writeIDX(in: folder, side: 28)
      let task = try Pretraining.start(Self.configuration(method, data: data, []), output: "\(folder)/run")
      let count = task.encoder.namedState().reduce(0) { sum, state in
        if case .parameter(let parameter) = state.entry { sum + parameter.value.elementCount } else { sum }
      }
      #expect(task.summary.network.hasPrefix("vit_tiny, \(count) parameters, "), "\(task.summary.network)")
    }
  }

  /// Teachers, centers, masks, moments and dropped paths are where they were.
  @Test(arguments: SmallMethods.names)
  func interruptedRunsContinueExactly(method: String) throws {
    try withTemporaryDirectory { folder in
      let data = try SyntheticImages.writeIDX(in: folder, side: 28)
      let drops = ["dino", "ibot"].contains(method) ? ["backbone.drop_path_rate=0.3"] : []
      let configuration = try Self.configuration(method, data: data, drops)
      func weights(_ name: String) throws -> [Data] { try TinyRun.weights(RunDirectory.open(at: "\(folder)/\(name)")) }
      _ = try Pretraining.start(configuration, output: "\(folder)/whole").run()
      var steps = 0
      let outcome = try Pretraining.start(configuration, output: "\(folder)/parts").run(
        shouldStop: {
          steps += 1
          return steps == 3
        }, observer: { _ in })
      #expect(outcome == .interrupted)
      _ = try Pretraining.resume("\(folder)/parts").run()
      #expect(try weights("whole") == weights("parts"))
      let lines = try JSONLines.read(MetricsRecord.self, from: RunDirectory.open(at: "\(folder)/whole").metricsPath)
      #expect(lines.allSatisfy { $0.loss.isFinite && $0.featureRank >= 1 })
      // The recipe of MV-DHEL trains on all views and scores none.
      guard configuration.values.selection.policy != .all else { return }
      #expect(lines.allSatisfy { ($0.selectedScore ?? 0) >= ($0.randomScore ?? 1) })
    }
  }

  /// In a process of its own, where no other test makes tensors.
  @Test func noMethodLeaksHandles() async {
    await #expect(processExitsWith: .success) {
      let leaking = try withTemporaryDirectory { folder in
        let data = try SyntheticImages.writeIDX(in: folder, side: 28)
        return try SmallMethods.names.filter { method in
          var live: [Int] = []
          let settings = ["training={epochs: 5, batch_size: 16}", "method.mask_probability=1.0"]
          let configuration = try MethodRunTests.configuration(
            method, data: data, method == "ibot" ? settings : Array(settings.prefix(1)))
          _ = try Pretraining.start(configuration, output: "\(folder)/\(method)").run(shouldStop: { false }) { event in
            if case .step = event { live.append(Tensor.liveHandleCount) }
          }
          return live.count != 20 || live[19] != live[9]
        }
      }
      if !leaking.isEmpty { print("leaks: \(leaking)") }
      exit(leaking.isEmpty ? 0 : 1)
    }
  }

  /// Twenty steps on the same views of real images.
  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: fashion)), arguments: SmallMethods.names)
  func lossFallsOnRealImagesWithoutCollapse(name: String) throws {
    func check<Method: SelfSupervisedMethod>(_ type: Method.Type) throws {
      let dataset = try Datasets.open(path: fashion, split: .train)
      let views = try ResolvedConfiguration(Recipes.named("\(Method.name)-fashion")).views
      // A fresh transformer gives all images nearly the same class token, from which DINO needs more steps to part.
      let method = try SmallMethods.make(type, channels: 1, isTransformer: Method.name == IBOT.name)
      var batch: ViewBatch?
      let groups = views.groups.map { group in
        var recipe = group.recipe
        // Sizes that the small networks take.
        recipe.size = group.isLocal ? 8 : 16
        return DrawnViews(recipe, count: group.count)
      }
      let loader = ViewLoader(
        dataset: dataset, groups: groups,
        configuration: LoaderConfiguration(batchSize: 64, threads: 0, channels: 1, seed: 1),
        skipped: SkippedImages(maximumShare: 0, onSkip: { _ in }))
      loader.startEpoch(0, atBatch: 0)
      batch = try loader.next()
      loader.stop()
      let drawn = try #require(batch)
      let draw = BatchDraw(seed: 1, epoch: 0, samples: drawn.indices)
      let pool = ViewPool(
        drawn.groups.enumerated().map { index, group in
          let (count, size) = (group.parameters.count, group.drawn.size)
          let masked = MaskedViews(group: index, count: count, size: size, isLocal: views.groups[index].isLocal)
          return ViewPool.Group(
            Tensor(
              copying: UnsafeRawBufferPointer(group.pixels.bytes()), shape: [count, 64, size, size, 1], dtype: .float32),
            isLocal: masked.isLocal, masks: method.masks(of: masked, for: draw))
        })
      var optimization = OptimizerConfiguration()
      (optimization.name, optimization.learningRate, optimization.weightDecay) = (.adamw, 4e-3, 0)
      optimization.schedule = .constant
      var selection = SelectionConfiguration()
      (selection.candidates, selection.localCandidates) = (2, pool.sizes.last!)
      let learner = HardViewLearner(
        method,
        selection: try ViewSelection(
          selection,
          SelectionSetting(
            plan: views.plan, recipes: [], backbone: SmallMethods.backbone(for: type, channels: 1), threads: 1,
            dtype: .float32)),
        optimizer: ScheduledOptimizer(optimization, groups: method.parameterGroups, batchSize: 64))
      // Centers start at zero; until they have settled, DINO's loss rises.
      withoutGradients {
        let progress = TrainingProgress(stepsPerEpoch: 20, totalEpochs: 1)
        let encodings = method.encode(pool.views, for: .scoring(.score))
        for _ in 0..<50 { method.didStep(encodings, in: StepContext(progress)) }
      }
      let losses = try (0..<20).map { step in
        let context = StepContext(TrainingProgress(step: step, stepsPerEpoch: 20, totalEpochs: 1), draw)
        return try learner.train(on: learner.selection.choose(from: pool, for: method, in: context), in: context)
      }
      let (early, late) = (losses.prefix(3).map(\.loss.number), losses.suffix(3).map(\.loss.number))
      #expect(late.reduce(0, +) < early.reduce(0, +))
      let health = EmbeddingHealth(of: losses[19].embedding)
      #expect(health.deviation > 0.1 && health.rank > 2, "\(health)")
    }
    try check(SmallMethods.method(name))
  }
}
