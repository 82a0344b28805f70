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
  init(
    of resolved: ResolvedConfiguration, dataset: any ImageDataset, parameterCount: Int, encoderParameterCount: Int,
    initialization: Initialization?, dtype: DType, position: TrainingProgress
  ) {
    let values = resolved.values
    self.initialization = initialization
    images = dataset.summary
    remarks = []
    network =
      "\(values.backbone.name.rawValue), \(millions(encoderParameterCount)) parameters, "
      + "\(millions(parameterCount)) trained with heads"
    objective = "\(resolved.method.name), \(Self.describe(values.selection))"
    let begun = position.step > 0 ? ", going on after step \(position.step) of \(position.totalSteps)" : ""
    length =
      "\(values.training.epochs) epochs of \(position.stepsPerEpoch) steps of \(values.training.batchSize) images\(begun)"
    machine =
      "\(values.device.rawValue), \(dtype == .float32 ? "fp32" : dtype == .bfloat16 ? "bf16" : "fp16"), "
      + "\(values.threads > 0 ? values.threads : ProcessInfo.processInfo.activeProcessorCount) threads and \(values.data.loaderThreadCount) that load"
  }

  private static func describe(_ selection: SelectionConfiguration) -> String {
    if selection.policy == .none { return "two random views" }
    let drawn = max(selection.drawn, selection.candidates)
    return "policy \(selection.policy.rawValue) of \(drawn) views"
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
