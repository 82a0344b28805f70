import Foundation
import HardViewSelection
import ImageData
import NeuralNetworks
import Objectives
import Optimization
import Torch

/// What a training does, on what, with what: the first lines that a person sees.
public struct TrainingSummary: Sendable, Equatable, CustomStringConvertible {
  /// The images: how many of what kind, in how many classes, from where.
  public var images: String
  /// Whether the images have labels, so that the encoder can be measured on them.
  public var isLabelled: Bool
  /// What was left out of the images, a sentence each.
  public var remarks: [String]
  /// Where the weights come from that training begins with; nil where they are random, or those of a checkpoint that
  /// training goes on from.
  public var initialization: Initialization?
  /// The network and how many parameters it has.
  public var network: String
  /// Objective and selection.
  public var objective: String
  /// Epochs, steps and batch size.
  public var length: String
  /// Device, precision and threads.
  public var machine: String

  /// Describes a training at the position where it begins or goes on.
  /// - Parameter weighted: How many images have weights of their own; nil where all are drawn alike.
  init(
    of resolved: ResolvedConfiguration, dataset: any ImageDataset, parameterCount: Int,
    initialization: Initialization?, normalizesOverBatch: Bool, dtype: DType, position: TrainingProgress,
    weighted: Int? = nil
  ) {
    let values = resolved.values
    self.initialization = initialization
    images = dataset.summary
    isLabelled = dataset.labels != nil
    let remark = Self.remark(on: values.training, of: resolved.method, normalizesOverBatch: normalizesOverBatch)
    let weights = weighted.map { known in
      "weights: images are drawn by how hard \(values.data.weights.run) found them, \(known) of \(dataset.count) of which it "
        + "recorded (strength \(values.data.weights.strength))"
    }
    remarks = dataset.remarks + [remark, weights].compactMap { $0 }
    network =
      "\(values.backbone.name.rawValue), \(millions(Int(values.backbone.parameterCount))) parameters, "
      + "\(millions(parameterCount)) trained with heads"
    objective = "\(resolved.method.name), \(Self.describe(values.selection))"
    let begun = position.step > 0 ? ", going on after step \(position.step) of \(position.totalSteps)" : ""
    let parts = values.training.accumulation > 1 ? " in \(values.training.accumulation) parts" : ""
    length =
      "\(quantity(values.training.epochs, "epoch")) of \(quantity(position.stepsPerEpoch, "step")) of "
      + "\(values.training.batchSize) images\(parts)\(begun)"
    let threads = values.threads > 0 ? min(values.threads, Engine.coreCount) : Engine.coreCount
    let precision = [DType.float32: "fp32", .bfloat16: "bf16", .float16: "fp16"][dtype] ?? "\(dtype)"
    machine =
      "\(values.device.rawValue), \(precision), \(quantity(threads, "training thread")), "
      + quantity(values.data.loaderThreadCount, "loading thread")
  }

  /// What accumulation changes beside memory; nil where nothing.
  private static func remark(
    on training: TrainingConfiguration, of method: any SelfSupervisedMethod.Type, normalizesOverBatch: Bool
  ) -> String? {
    guard training.accumulation > 1 else { return nil }
    let coupled = [
      method.couplesBatch ? "the loss of \(method.name), which relates the images of a batch," : nil,
      normalizesOverBatch ? "batch normalization" : nil,
    ].compactMap { $0 }
    guard !coupled.isEmpty else { return nil }
    return "accumulation: \(coupled.joined(separator: " and ")) sees \(training.batchSize / training.accumulation) "
      + "images at a time, not \(training.batchSize)"
  }

  /// How views are chosen, in a few words.
  package static func describe(_ selection: SelectionConfiguration) -> String {
    if selection.policy == .none { return "two random views" }
    let drawn = max(selection.drawn, selection.candidates)
    let scorer = selection.scoring.network == .teacher ? ", scored by the teacher" : ""
    let targets = selection.targets == .mean ? ", which predict the mean of all targets" : ""
    return "policy \(selection.policy.rawValue) of \(drawn) views\(scorer)\(targets)"
  }

  /// A few lines.
  public var description: String {
    ([images] + remarks + ["\(objective); \(network)"] + (initialization.map { ["\($0)"] } ?? [])
      + ["\(length); \(machine)"]).joined(separator: "\n")
  }
}

private func millions(_ count: Int) -> String {
  guard count >= 100_000 else { return "\(count)" }
  let tenths = (count + 50_000) / 100_000
  return "\(tenths / 10).\(tenths % 10) M"
}
