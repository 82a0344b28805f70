import Checkpoints
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
@testable import HardViewSelection
@testable import Objectives

/// Training on another device than the CPU, which need not be a GPU; see `otherDevices`.
@Suite(.serialized) struct DeviceTests {
  private static let policies = [
    SelectionPolicy.none, .hardest, .amongHardest, .leastSimilar, .overlapThreshold,
  ]

  /// Takes a step as a run does, and counts how often a GPU would have to be waited for.
  private func step<Method: SelfSupervisedMethod>(
    of type: Method.Type, _ policy: SelectionPolicy, _ name: OptimizerConfiguration.Name, isCalm: Bool = false
  ) throws -> (loss: Tensor, weights: [Tensor], reads: Int) {
    let method = try SmallMethods.make(type)
    var selection = SelectionConfiguration()
    (selection.policy, selection.localCandidates) = (policy, 4)
    if isCalm { (selection.targets, selection.scoring.network) = (.mean, .teacher) }
    var optimizer = OptimizerConfiguration()
    (optimizer.name, optimizer.clipping.kind, optimizer.clipping.norm) = (name, .global, 1)
    let learner = try SmallMethods.learner(method, selection, optimizer)
    let batch = try Self.batch(for: learner.selection, takesLocalViews: Method.takesLocalViews)
    let context = StepContext(TrainingProgress(stepsPerEpoch: 4, totalEpochs: 1), BatchDraw(batch, step: 1))
    var result: Tensor?
    let reads = try HostReads.count { result = try learner.step(on: batch, in: context).loss }
    return (try #require(result), method.namedParameters().map(\.parameter.value), reads)
  }

  /// A loaded batch of six random images.
  private static func batch(for selection: ViewSelection, takesLocalViews: Bool) throws -> ViewBatch {
    let loader = ViewLoader(
      dataset: RandomImages(), groups: selection.drawnViews,
      configuration: LoaderConfiguration(
        batchSize: 6, threads: 0, channels: 3, keepsImages: selection.keepsImages, seed: 1),
      skipped: SkippedImages(maximumShare: 0))
    loader.startEpoch(0)
    return try #require(try loader.next())
  }

  private struct RandomImages: ImageDataset {
    let count = 6
    let labels: [Int]? = nil
    let classNames: [String]? = nil
    let summary = "6 random images"
    func name(at index: Int) -> String { "\(index)" }
    func source(at index: Int) throws(ImageError) -> any ImageSource {
      var random = ViewRandom(seed: 5, epoch: 0, sample: index, view: 0)
      return Image(
        width: 24, height: 24, channels: 3, pixels: (0..<24 * 24 * 3).map { _ in UInt8(random.integer(below: 256)) })
    }
  }

  /// A step on another device makes every tensor there, and gives what it gives on the CPU.
  ///
  /// Running statistics are not compared: the lazy device leaves them as they are. It has no fused AdamW. GPUs convolve in
  /// TF32.
  @Test(.oneAtATime, arguments: SmallMethods.names, otherDevices)
  func stepsAreTheSameOnAnotherDevice(name: String, device: Device) throws {
    func check<Method: SelfSupervisedMethod>(_ type: Method.Type) throws {
      let isGPU = device == .cuda
      // Every policy with one method, every method with one policy: policies know no method.
      for policy in Method.name == "simsiam" ? [SelectionPolicy.hardest, .leastSimilar] : [.hardest] {
        let name: OptimizerConfiguration.Name =
          Method.name == "simclr" ? .lars : isGPU && Method.takesLocalViews ? .adamw : .sgd
        let here = try step(of: type, policy, name)
        let there = try withDevice(device) {
          defer { Engine.synchronize() }
          return try step(of: type, policy, name)
        }
        #expect(there.loss.device == device && there.weights.allSatisfy { $0.device == device })
        #expect(relativeError(there.loss.moved(to: .cpu), here.loss) < (isGPU ? 1e-2 : 1e-4))
        for (a, b) in zip(there.weights, here.weights) {
          // A shift before a normalization has no gradient but rounding.
          if b.magnitude().reshaped([-1]).maximum(along: 0).number < 1e-6 { continue }
          #expect(relativeError(a.moved(to: .cpu), b) < (isGPU ? 1e-2 : 1e-3))
        }
      }
    }
    try check(SmallMethods.method(name))
  }

  /// A step as it is shipped, from a loaded batch to the end of its update, waits for no value, so a GPU never runs dry;
  /// masks are the exception, since which patches are hidden decides how many there are.
  @Test(arguments: SmallMethods.names, policies)
  func aStepWaitsForNothing(name: String, policy: SelectionPolicy) throws {
    func check<Method: SelfSupervisedMethod>(_ type: Method.Type) throws {
      for optimizer in OptimizerConfiguration.Name.allCases {
        let reads = try step(of: type, policy, optimizer).reads
        #expect(reads == 0 || Method.name == IBOT.name, "\(optimizer)")
      }
    }
    try check(SmallMethods.method(name))
  }

  /// A loaded batch is scored by the teacher, and its chosen views predict means.
  @Test(arguments: ["byol", "moco-v3", "dino", "simdino"]) func aCalmStepWaitsForNothing(name: String) throws {
    func check<Method: SelfSupervisedMethod>(_ type: Method.Type) throws {
      let (plain, calm) = (try step(of: type, .hardest, .sgd), try step(of: type, .hardest, .sgd, isCalm: true))
      #expect(calm.reads == 0 && calm.loss.number.isFinite)
      #expect(abs(calm.loss.number - plain.loss.number) > 1e-4)
    }
    try check(SmallMethods.method(name))
  }

  /// Loading, cheap selection, audits, records, checkpoints and resuming.
  @Test(.oneAtATime, arguments: otherDevices) func runsTrainOnAnotherDevice(device: Device) throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let settings = [
        "selection.scoring.scale=0.5", "selection.drawn=6", "selection.candidates=3", "selection.audit_every_steps=2",
        "training.batch_size=32", "training.epochs=1", "records.metrics_every_steps=1",
      ]
      let expected = try CheapSelectionTests.metrics(tiny.train("cpu", settings))
      let configuration = try tiny.configuration(settings)
      let path = tiny.directory("there")
      let directory = try RunDirectory.planned(at: path)
      // Stopped after the first step and resumed.
      for isResumed in [false, true] {
        let point = isResumed ? try ResumePoint(in: directory) : nil
        let yaml = configuration.tree.yaml
        let session =
          point.map { RunSession(resuming: directory, at: $0, configuration: yaml, changes: []) }
          ?? RunSession(new: directory, configuration: yaml)
        let run = try withDevice(device) {
          let run = try PretrainingRun(
            CheapSelectionTests.parts(SimSiam.self, configuration), dataset: configuration.open(split: .train),
            session: session, resumingFrom: point?.checkpoint, onSkip: { _ in })
          let outcome = try run.train(asking: { isResumed ? .goOn : .stop })
          #expect(outcome == (isResumed ? .finished : .interrupted))
          return run
        }
        #expect(run.pretrained.namedState().allSatisfy { $0.entry.value.device == device })
      }
      let metrics = try CheapSelectionTests.metrics(directory)
      #expect(metrics.map(\.step) == expected.map(\.step))
      for (a, b) in zip(metrics, expected) {
        // TF32 may tip a close choice over.
        let tolerance = device == .cuda ? 0.05 : 1e-3
        #expect(abs(a.loss - b.loss) < tolerance)
        #expect(abs(a.selectedOverlap - b.selectedOverlap) < tolerance)
        #expect(abs((a.capturedHardness ?? 0) - (b.capturedHardness ?? 0)) < 4 * tolerance)
      }
    }
  }

  /// The command, as a user runs it.
  @Test(.enabled(if: Engine.reasonForNoGPU == nil), arguments: ["bf16", "fp16", "fp32"])
  func runsTrainOnAGPU(precision: String) throws {
    try withTemporaryDirectory { folder in
      let tiny = try TinyRun(in: folder)
      let run = try tiny.train("gpu", ["device=cuda", "precision=\(precision)", "optimizer.learning_rate=0.05"])
      let expected = try tiny.train("cpu", ["precision=fp32", "optimizer.learning_rate=0.05"])
      for (a, b) in zip(try CheapSelectionTests.metrics(run), try CheapSelectionTests.metrics(expected)) {
        #expect(abs(a.loss - b.loss) < 0.05)
      }
    }
  }

  @Test func aGPUThatIsNotThereIsAnErrorThatSaysWhatToDo() throws {
    guard let reason = Engine.reasonForNoGPU else { return }
    let error = #expect(throws: ConfigurationError.self) { try DeviceChoice.cuda.use {} }
    #expect(
      error?.description == "device: is cuda, but \(reason). Take --device cpu, or see Documentation/CUDA.md.")
    #expect(Device.current == .cpu)
  }
}
