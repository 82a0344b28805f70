import Checkpoints
import Foundation
import ImageData
import NeuralNetworks
import Optimization
import RunConfiguration
import RunRecords
import TestSupport
import Testing
import Torch
import Views

@testable import HardViewPretraining

/// How good an encoder is while it trains: what is measured, when, on what, and what follows from it.
@Suite struct OnlineTests {
  private func lines(_ run: RunDirectory) throws -> [MetricsRecord] {
    try JSONLines.read(MetricsRecord.self, from: run.metricsPath)
  }

  private func signals(_ run: RunDirectory) throws -> [OnlineSignal] { try lines(run).flatMap { $0.online ?? [] } }

  /// Everything that a checkpoint holds but the history of signals.
  private func tensors(_ run: RunDirectory) throws -> [String: [UInt8]] {
    let checkpoint = try Checkpoint(path: run.checkpointPath)
    return Dictionary(
      uniqueKeysWithValues: try checkpoint.names.map { name in
        (name, try checkpoint.tensor(name).withBytes { Array($0) })
      })
  }

  private static let transformer = [
    "backbone={name: vit_tiny, stem: cifar, width: 16, depth: 2, patch_size: 8, drop_path_rate: 0.3}"
  ]

  /// Measuring changes no weight, no statistic, no random stream and no view.
  @Test(arguments: [[], transformer]) func measuringChangesNothing(network: [String]) throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let on = try tiny.train("on", network + ["evaluation.online.every_epochs=1"])
      let off = try tiny.train("off", network + ["evaluation.online.every_epochs=0"])
      #expect(try tensors(on) == tensors(off))
      #expect(try Data(contentsOf: URL(filePath: on.viewsPath)) == Data(contentsOf: URL(filePath: off.viewsPath)))
      #expect(try signals(on).map(\.step) == [0, 4, 8])
      #expect(try signals(off).isEmpty)
      #expect(try lines(off).allSatisfy { $0.online == nil })
    }
  }

  @Test func recordsSayWhatWasMeasured() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let task = try Pretraining.start(
        tiny.configuration(["evaluation.online={every_epochs: 1, k: 5}"]), output: tiny.directory("a"))
      var notes: [String] = []
      _ = try task.run(shouldStop: { false }) { if case .signal(_, let text) = $0 { notes.append(text) } }
      let run = try RunDirectory.open(at: tiny.directory("a"))
      let signals = try signals(run)
      #expect(signals.map(\.epoch) == [0, 1, 2])
      for signal in signals {
        #expect(signal.images == 64 && signal.neighbours == 5)
        #expect((0...1).contains(try #require(signal.knn)) && (0...1).contains(signal.retrieval))
        #expect(signal.rank >= 1 && signal.rank <= 64 && (0...4).contains(signal.alignment) && signal.uniformity < 0)
      }
      #expect(notes.count == 3 && notes[0].hasPrefix("before training: 5-NN"))
      #expect(notes[2].hasPrefix("after epoch 2: 5-NN") && notes[2].contains("of the time"))
      #expect(try lines(run).allSatisfy { ($0.evaluationSeconds ?? 0) > 0 || $0.online == nil })
      // A reader that knows nothing of signals goes on.
      struct OldLine: Decodable { var step: Int, loss: Double, featureRank: Double }
      #expect(try JSONLines.read(OldLine.self, from: run.metricsPath).map(\.step) == [2, 4, 6, 8])
    }
  }

  /// The last signal is the evaluation of the encoder that is left, done again from its file.
  @Test func theSignalIsThatOfTheEncoder() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let configuration = try tiny.configuration(["evaluation.online={every_epochs: 1, images: 40}"])
      _ = try Pretraining.start(configuration, output: tiny.directory("a")).run()
      let run = try RunDirectory.open(at: tiny.directory("a"))
      let encoder = try PretrainedEncoder(run: run.path)
      let sample = try #require(
        OnlineSample(of: configuration.open(split: .train), configuration.values.evaluation.online))
      let evaluator = OnlineEvaluator(encoder.backbone, on: sample.images, configuration, dtype: .float32)
      let position = TrainingProgress(step: 8, stepsPerEpoch: 4, totalEpochs: 2)
      let signal = try evaluator.signal(at: position)
      #expect(try signals(run).last == signal)
      // From memory it is the same.
      #expect(try evaluator.signal(at: position) == signal)
    }
  }

  @Test func withoutLabelsThereIsNoAccuracy() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let configuration = try tiny.configuration()
      let dataset = Unlabelled(base: try configuration.open(split: .train))
      let encoder = configuration.values.backbone.makeBackbone(using: Generator(seed: 0))
      let evaluator = OnlineEvaluator(encoder, on: dataset, configuration, dtype: .float32)
      let signal = try evaluator.signal(at: TrainingProgress(stepsPerEpoch: 4, totalEpochs: 2))
      #expect(
        signal.knn == nil && signal.neighbours == nil && signal.quality == -(signal.alignment + signal.uniformity))
      let line = OnlineObserver.line(on: signal, best: nil, share: nil)
      #expect(line.hasPrefix("before training: alignment + uniformity "), "\(line)")
    }
  }

  @Test func theSampleIsAFunctionOfTheData() throws {
    let dataset = Unlabelled(count: 100)
    var online = OnlineConfiguration()
    online.images = 30
    let sample = try #require(OnlineSample(of: dataset, online))
    #expect(sample.images.count == 30 && sample.training.count == 100)
    let again = try #require(OnlineSample(of: dataset, online))
    #expect((0..<30).allSatisfy { sample.images.name(at: $0) == again.images.name(at: $0) })

    online.heldOut = true
    let heldOut = try #require(OnlineSample(of: dataset, online))
    let names = { (images: any ImageDataset) in Set((0..<images.count).map { images.name(at: $0) }) }
    #expect(heldOut.images.count == 10 && heldOut.training.count == 90)
    #expect(names(heldOut.images).isDisjoint(with: names(heldOut.training)))

    // Ten of each class, where there are many.
    let classes = try #require(OnlineSample(of: Unlabelled(count: 9000, classes: 300), OnlineConfiguration()))
    #expect(Dictionary(grouping: classes.images.labels!) { $0 }.values.map(\.count) == Array(repeating: 10, count: 300))
    online.everyEpochs = 0
    #expect(OnlineSample(of: dataset, online) == nil)
  }

  /// A signal on its own costs so little that it may be measured after 20 images of training for each of its own.
  @Test func signalsAreAsOftenAsTheyAreCheap() {
    var online = OnlineConfiguration()
    for (images, perEpoch, expected) in [(1024, 1_281_000, 1), (1024, 10_000, 3), (64, 64, 20), (1000, 20_000, 1)] {
      #expect(OnlineSample.interval(online, images: images, imagesPerEpoch: perEpoch) == expected)
    }
    online.everyEpochs = 7
    #expect(OnlineSample.interval(online, images: 1024, imagesPerEpoch: 10) == 7)
  }

  /// Images that are held out are not trained on, and stay so when a run goes on.
  @Test func heldOutImagesStayOut() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let settings = ["evaluation.online={every_epochs: 1, held_out: true}", "training.batch_size=8"]
      let whole = try tiny.train("whole", settings)
      // Six of 64 are held out, so seven batches of eight are left.
      #expect(try lines(whole).last?.step == 14)
      #expect(try signals(whole).allSatisfy { $0.images == 6 })
      var steps = 0
      _ = try Pretraining.start(tiny.configuration(settings), output: tiny.directory("cut")).run(
        shouldStop: {
          steps += 1
          return steps == 9
        }, observer: { _ in })
      _ = try Pretraining.resume(tiny.directory("cut")).run()
      let cut = try RunDirectory.open(at: tiny.directory("cut"))
      #expect(try TinyRun.weights(cut) == TinyRun.weights(whole))
      #expect(try signals(cut) == signals(whole))
      #expect(throws: ConfigurationError.self) {
        try Pretraining.resume(tiny.directory("cut")) { try $0.set("evaluation.online.held_out=false") }
      }
    }
  }

  /// The best checkpoint is that of the best signal, also of a run that goes on.
  @Test func theBestIsKept() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let settings = [
        "evaluation.online={every_epochs: 1, k: 3}", "training.epochs=8", "records.checkpoints.keep=1",
        "records.checkpoints.every_epochs=8",
      ]
      let whole = try tiny.train("whole", settings)
      let measured = try signals(whole).dropFirst()
      let best = try #require(measured.map(\.quality).max())
      let step = try #require(measured.first { $0.quality == best }?.step)
      #expect(whole.linkedStep(whole.bestCheckpointPath) == step)
      #expect(try Checkpoint(path: whole.bestCheckpointPath).metadata["progress"]?.contains("\"step\":\(step)") == true)

      var steps = 0
      _ = try Pretraining.start(tiny.configuration(settings), output: tiny.directory("cut")).run(
        shouldStop: {
          steps += 1
          return steps == step + 2
        }, observer: { _ in })
      _ = try Pretraining.resume(tiny.directory("cut")).run()
      let cut = try RunDirectory.open(at: tiny.directory("cut"))
      #expect(cut.linkedStep(cut.bestCheckpointPath) == step)
      #expect(try TinyRun.weights(cut) == TinyRun.weights(whole))
      #expect(try signals(cut) == signals(whole))
    }
  }

  /// A history goes on where it was, and not where something else is measured.
  @Test func historiesAreSaved() throws {
    func signal(_ epoch: Int, _ knn: Double) -> OnlineSignal {
      OnlineSignal(
        step: epoch * 4, epoch: epoch, images: 8, knn: knn, neighbours: 2, rank: .nan, alignment: 0, uniformity: 0,
        retrieval: 0)
    }
    let history = SignalHistory(measure: "a")
    history.add(signal(0, 0.9))
    #expect(history.best == nil)
    for (epoch, knn) in [(1, 0.2), (2, 0.5), (3, 0.5), (4, 0.4), (5, .nan)] { history.add(signal(epoch, knn)) }
    #expect(history.best?.epoch == 2 && history.isBest(atStep: 8) && !history.isBest(atStep: 12))
    #expect(history.takeUnrecorded()?.count == 6 && history.takeUnrecorded() == nil)
    let again = SignalHistory(measure: "a")
    try again.restore(history.values)
    #expect(again.best?.epoch == 2 && again.latest?.epoch == 5 && again.takeUnrecorded() == nil)
    #expect(Patience(epochs: 3, signals: again).reasonToStop()?.contains("training.patience 3") == true)
    #expect(Patience(epochs: 4, signals: again).reasonToStop() == nil)
    #expect(Patience(epochs: 0, signals: again).reasonToStop() == nil)
    let other = SignalHistory(measure: "b")
    try other.restore(history.values)
    #expect(other.best == nil && other.latest == nil)
    // What an older program wrote.
    try again.restore([:])
  }

  /// Weights that do not move never get better; a run that has ended so goes on when it is told to.
  @Test func patienceEndsTraining() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let settings =
        Self.transformer + [
          "optimizer.learning_rate=1.0e-30", "optimizer.weight_decay=0.0", "evaluation.online.every_epochs=1",
          "training.epochs=6", "training.patience=2",
        ]
      let outcome = try Pretraining.start(tiny.configuration(settings), output: tiny.directory("a")).run()
      guard case .stoppedEarly(let reason) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(reason.contains("after epoch 3") && reason.contains("after epoch 1 for 2 epochs"))
      let run = try RunDirectory.open(at: tiny.directory("a"))
      #expect(try Checkpoint(path: run.checkpointPath).metadata["progress"]?.contains("\"step\":12") == true)
      #expect(try lines(run).last?.step == 12)

      #expect(try Pretraining.resume(run.path).run() == outcome)
      #expect(try lines(run).last?.step == 12)
      _ = try Pretraining.resume(run.path) { try $0.set("training.patience=0") }.run()
      #expect(try lines(run).last?.step == 24)
    }
  }

  /// Checkpoints of programs without online signals load.
  @Test func checkpointsWithoutAHistoryLoad() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let run = try tiny.train("a", ["training.epochs=1"])
      let path = run.savedCheckpoints()[0].path
      let checkpoint = try Checkpoint(path: path)
      var state = StateDictionary()
      for name in checkpoint.names { state.append(name, try checkpoint.tensor(name)) }
      var metadata = checkpoint.metadata
      #expect(metadata["online.history"] != nil)
      metadata["online.history"] = nil
      metadata["parts"] = metadata["parts"]?.replacingOccurrences(of: ",\"online\":1", with: "")
      #expect(metadata["parts"]?.contains("online") == false)
      try state.write(to: path, metadata: metadata)
      _ = try Pretraining.resume(run.path) { try $0.set("training.epochs=2") }.run()
      #expect(try lines(run).last?.step == 8)
    }
  }

  @Test(arguments: [
    ("evaluation.online.every_epochs=-2", "evaluation.online.every_epochs", "-1"),
    ("evaluation.online.images=1", "evaluation.online.images", "between 2 and 16384"),
    ("evaluation.online.k=0", "evaluation.online.k", "at least 1"),
    ("evaluation.online={every_epochs: 0, held_out: true}", "evaluation.online.held_out", "every_epochs"),
    ("training.patience=-1", "training.patience", "0 (never)"),
  ])
  func mistakesNameTheirPath(assignment: String, path: String, part: String) throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let error = #expect(throws: ConfigurationError.self) { try tiny.configuration([assignment]) }
      #expect(error?.path == path && "\(error!)".contains(part), "\(error!)")
      #expect(throws: ConfigurationError.self) {
        try tiny.configuration(["training.patience=2", "evaluation.online.every_epochs=0"])
      }
    }
  }
}

/// Images without classes: those of another dataset, or none at all; with classes, if so wanted.
private struct Unlabelled: ImageDataset {
  var base: (any ImageDataset)?
  let count: Int
  var labels: [Int]?
  var classNames: [String]? { nil }
  var summary: String { "\(count) images" }

  init(base: any ImageDataset) {
    (self.base, count) = (base, base.count)
  }

  init(count: Int, classes: Int? = nil) {
    self.count = count
    labels = classes.map { classes in (0..<count).map { $0 % classes } }
  }

  func source(at index: Int) throws(ImageError) -> any ImageSource { try base!.source(at: index) }
  func name(at index: Int) -> String { "\(index)" }
}
