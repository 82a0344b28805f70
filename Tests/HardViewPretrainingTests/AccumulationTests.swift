import Checkpoints
import Foundation
import HardViewSelection
import ImageData
import NeuralNetworks
import Optimization
import RunConfiguration
import RunRecords
import TestSupport
import Testing
import Torch
import ViewRecords
import Views

@testable import HardViewPretraining
@testable import Objectives

/// Batches that go through the networks in parts.
@Suite struct AccumulationTests {
  /// A method whose loss and network know no other images.
  private static let perImage = [
    "backbone={name: vit_tiny, stem: cifar, width: 16, depth: 2, patch_size: 4}",
    "optimizer={name: sgd, learning_rate: 1.0}", "selection.policy=least_overlap",
  ]

  private static func settings(_ method: String) -> [String] {
    let heads =
      "head_hidden: 24, head_bottleneck: 16, prototypes: 32, last_layer_frozen_epochs: 0, momentum: 0.9"
    return perImage + [
      method == "dino"
        ? "method={name: dino, \(heads)}"
        : "method={name: ibot, \(heads), patch_prototypes: 32, mask_probability: 1.0, "
          + "teacher_temperature_warmup_epochs: 0}"
    ]
  }

  private func configuration(_ tiny: TinyRun, _ settings: [String]) throws -> ResolvedConfiguration {
    var tree = try tiny.configuration().tree
    for setting in settings where setting.hasPrefix("method=") {
      tree.set(.mapping([]), at: "method")
      try tree.set(setting)
    }
    for setting in settings where !setting.hasPrefix("method=") {
      guard setting.contains("={"), let key = setting.split(separator: "=").first else {
        try tree.set(setting)
        continue
      }
      let section = try ConfigurationTree(
        yaml: String(setting.dropFirst(key.count + 1)), source: "test")
      tree = tree.merging(.mapping([(String(key), section)]))
    }
    return try ResolvedConfiguration(tree)
  }

  /// Two steps of whole batches are two steps in parts: weights, teacher and center, the loss and the embedding.
  @Test(arguments: ["dino", "ibot"], [2, 8]) func partsTrainAsTheWhole(method: String, parts: Int)
    throws
  {
    func check<Method: SelfSupervisedMethod>(_ type: Method.Type) throws {
      try withTemporaryDirectory { folder in
        let resolved = try configuration(TinyRun(in: folder), Self.settings(method))
        var results: [(steps: [TrainingStep], state: [(name: String, values: [Float])])] = []
        var initial: [(name: String, values: [Float])] = []
        for accumulation in [1, parts] {
          let networks = try CheapSelectionTests.parts(type, resolved)
          initial = networks.method.namedState().map { ($0.name, $0.entry.value.scalars()) }
          let steps = try networks.train(steps: 2, epochs: 2, accumulation: accumulation).steps
          results.append(
            (steps, networks.method.namedState().map { ($0.name, $0.entry.value.scalars()) }))
        }
        let (whole, cut) = (results[0], results[1])
        #expect(whole.state.contains { $0.name.contains("center") })
        func distance(_ one: [Float], _ other: [Float]) -> Float { zip(one, other).map { abs($0 - $1) }.max() ?? 0 }
        for (first, second) in zip(whole.state, cut.state) {
          let difference = distance(first.values, second.values)
          #expect(difference < 1e-4, "\(first.name) differs by \(difference)")
        }
        // Both have gone a long way compared with that.
        for part in ["student.backbone", "teacher.backbone", "center"] {
          let moved =
            zip(initial, cut.state).filter { $0.0.name.hasPrefix(part) }
            .map { distance($0.0.values, $0.1.values) }.max() ?? 0
          #expect(moved > 1e-2, "\(part) moved by \(moved)")
        }
        for (first, second) in zip(whole.steps, cut.steps) {
          #expect(abs(first.loss.number - second.loss.number) < 1e-5)
          #expect(first.choices.count == 1 && second.choices.count == parts)
          #expect(second.choices.flatMap { $0.table() } == first.choices[0].table())
          let (one, other) = (
            first.embedding.scalars(as: Float.self), second.embedding.scalars(as: Float.self)
          )
          #expect(distance(one, other) < 1e-3 && one.count == other.count)
        }
      }
    }
    try check(SmallMethods.method(method))
  }

  /// A teacher that moved once for each part, or a center that saw one part alone, would be somewhere else.
  @Test func methodsSeeAllPartsOnce() throws {
    let method = try SmallMethods.make(DINO.self)
    let views = SmallMethods.pool(for: method, sizes: [1, 1, 2], batch: 6)
    let context = SmallMethods.context()
    withoutGradients {
      let whole = method.encode(views.views, for: .training)
      let encodings = [0, 3].map { start in
        whole.map { encoding in
          DINO.Encoding(
            student: encoding.student.narrowed(along: 0, from: start, count: 3),
            teacher: encoding.teacher?.narrowed(along: 0, from: start, count: 3),
            features: encoding.features.narrowed(along: 0, from: start, count: 3))
        }
      }
      let joined = method.joined(encodings[0], with: encodings[1])
      #expect(joined.count == whole.count)
      for (one, other) in zip(joined, whole) {
        #expect(
          one.teacher.map { $0.scalars(as: Float.self) }
            == other.teacher.map { $0.scalars(as: Float.self) })
      }
      method.didStep(joined, in: context)
      let expected = Tensor.concatenated(whole.compactMap(\.teacher)).mean(along: 0) * 0.1
      #expect(
        zip(method.center.value.scalars(as: Float.self), expected.scalars(as: Float.self))
          .allSatisfy { abs($0 - $1) < 1e-6 })
    }
  }

  /// An interrupted run in parts ends as a whole one, and its records count every image once.
  @Test(arguments: ["hardest", "none"]) func interruptedRunsContinueExactly(policy: String) throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let settings = [
        "training.accumulation=4", "selection.policy=\(policy)", "selection.audit_every_steps=3",
        "evaluation.online.every_epochs=1",
      ]
      let whole = try tiny.train("whole", settings)
      var steps = 0
      let task = try Pretraining.start(tiny.configuration(settings), output: tiny.directory("cut"))
      _ = try task.run(
        shouldStop: {
          steps += 1
          return steps == 3
        }, observer: { _ in })
      _ = try Pretraining.resume(tiny.directory("cut")).run()
      let cut = try RunDirectory.open(at: tiny.directory("cut"))
      #expect(try TinyRun.weights(cut) == TinyRun.weights(whole))
      #expect(
        try Data(contentsOf: URL(filePath: cut.viewsPath))
          == Data(contentsOf: URL(filePath: whole.viewsPath)))
      let records = try JSONLines.read(ViewsRecord.self, from: whole.viewsPath)
      #expect(records.count == 6 && Set(records.map(\.image)).count == 3)
      for line in try JSONLines.read(MetricsRecord.self, from: whole.metricsPath) {
        let stages =
          line.dataSeconds + line.candidateSeconds! + line.selectionSeconds + line.trainingSeconds
          + line.auditSeconds! + line.evaluationSeconds! + line.otherSeconds!
        // Two steps of sixteen images.
        #expect(abs(line.imagesPerSecond * stages - 32) < 1e-3)
        #expect(line.selectionShare == (policy == "none" ? 0 : 1))
      }
    }
  }

  /// In a process of its own, because libtorch keeps narrow copies of weights for all threads together.
  @Test func theLossScaleMovesOnceAStep() async {
    await #expect(processExitsWith: .success) {
      let streak = try withTemporaryDirectory { folder in
        let run = try TinyRun(in: folder).train(
          "a", ["precision=fp16", "optimizer.learning_rate=0.05", "training.accumulation=4"])
        return try Checkpoint(path: run.checkpointPath).tensor("loss_scaler.streak").number
      }
      // Eight steps without an overflow.
      exit(streak == 8 ? 0 : 1)
    }
  }

  @Test func aRunMayGoOnInParts() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let run = try tiny.train("a", ["training.epochs=1"])
      let task = try Pretraining.resume(run.path) { tree in
        try tree.set("training.epochs=2")
        try tree.set("training.accumulation=2")
      }
      #expect(task.summary.length.contains("16 images in 2 parts"))
      #expect(try task.run() == .finished)
    }
  }

  @Test(arguments: [
    ("simsiam", "batch normalization sees 4 images at a time, not 16"),
    (
      "simclr",
      "the loss of simclr, which relates the images of a batch, and batch normalization sees 4"
    ),
  ])
  func whatSeesLessIsSaid(method: String, part: String) throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let coupled = try configuration(
        tiny, ["method={name: \(method)}", "training.accumulation=4"])
      let remarks = try Pretraining.start(coupled, output: tiny.directory("a")).summary.remarks
      #expect(remarks.contains { $0.contains(part) }, "\(remarks)")
      let whole = try configuration(tiny, ["method={name: \(method)}"])
      let none = try Pretraining.start(whole, output: tiny.directory("a")).summary.remarks
      #expect(!none.contains { $0.contains("accumulation") })
    }
  }

  @Test(arguments: [
    ("training.accumulation=3", "training.accumulation", "try 2"),
    ("training.accumulation=16", "training.accumulation", "try 8"),
    ("training.accumulation=0", "training.accumulation", "1 (the whole batch at once)"),
    ("training.memory_limit=8XB", "training.memory_limit", "8GB"),
    ("training.memory_limit=lots", "training.memory_limit", "500MiB"),
  ])
  func mistakesNameTheirPath(assignment: String, path: String, part: String) throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let error = #expect(throws: ConfigurationError.self) { try tiny.configuration([assignment]) }
      #expect(error?.path == path && "\(error!)".contains(part), "\(error!)")
    }
  }

  @Test func aLossThatNeedsImagesGetsThem() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let error = #expect(throws: ConfigurationError.self) {
        try configuration(tiny, ["method={name: simclr}", "training.accumulation=8"])
      }
      #expect("\(error!)".contains("at least 4 images at a time"))
    }
  }

  @Test func sizesAreRead() {
    for (text, bytes) in [
      ("8GB", 8_000_000_000), ("500MiB", 500 << 20), ("1.5 gb", 1_500_000_000), ("10B", 10),
      ("2TiB", 2 << 40),
    ] { #expect(MemorySize(text)?.bytes == bytes) }
    for text in ["", "8", "GB", "-1GB", "0GB", "8XB", "8GB4"] { #expect(MemorySize(text) == nil) }
    #expect(
      "\(MemorySize(bytes: 12_340_000_000))" == "12.3 GB"
        && "\(MemorySize(bytes: 512_000_000))" == "512.0 MB")
  }

  /// As few parts as fit, of those that divide the batch.
  @Test func theLimitChoosesTheFewestParts() {
    let memory = StepMemory(fixed: 100, perImage: 10, loaded: 20)
    // 1.1 · (120 + 10 · images)
    for (limit, least, expected) in [
      (10_000, 1, 1), (2948, 1, 1), (2947, 1, 2), (1540, 1, 2), (600, 1, 8), (154, 1, 128),
      (153, 1, nil),
      (10_000, 4, 4), (10_000, 200, nil),
    ] as [(Int, Int, Int?)] {
      #expect(
        memory.accumulation(ofBatch: 256, atLeast: least, below: limit) == expected, "\(limit)")
    }
    #expect(memory.accumulation(ofBatch: 15, atLeast: 2, below: 10_000) == 3)
  }

  /// What was chosen is written down, so that the run goes on with it.
  @Test func theChoiceIsKept() throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let run = try tiny.train(
        "a", ["training.memory_limit=1TB", "training.accumulation=2", "training.epochs=1"])
      let values = try Pretraining.configuration(of: run).values.training
      #expect(values.accumulation == 2 && values.memoryLimit == "1TB")
      let plain = try tiny.train("b", ["training.accumulation=2", "training.epochs=1"])
      #expect(
        try Data(contentsOf: URL(filePath: plain.encoderPath))
          == Data(contentsOf: URL(filePath: run.encoderPath)))
      let error = #expect(throws: ConfigurationError.self) {
        try Pretraining.start(
          tiny.configuration(["training.memory_limit=1MB"]), output: tiny.directory("c"))
      }
      #expect(
        error?.path == "training.memory_limit" && "\(error!)".contains("two images at a time"))
      #expect(!FileManager.default.fileExists(atPath: tiny.directory("c")))
    }
  }
}
