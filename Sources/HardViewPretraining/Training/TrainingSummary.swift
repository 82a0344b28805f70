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
    dtype: DType, position: TrainingProgress
  ) {
    let values = resolved.values
    images = dataset.summary
    isLabelled = dataset.labels != nil
    remarks = dataset.remarks
    network =
      "\(values.backbone.name.rawValue), \(millions(encoderParameterCount)) parameters, "
      + "\(millions(parameterCount)) trained with heads"
    objective = "\(resolved.method.name), \(Self.describe(values.selection))"
    let begun = position.step > 0 ? ", going on after step \(position.step) of \(position.totalSteps)" : ""
    length =
      "\(counted(values.training.epochs, "epoch")) of \(counted(position.stepsPerEpoch, "step")) of "
      + "\(values.training.batchSize) images\(begun)"
    let threads = values.threads > 0 ? values.threads : ProcessInfo.processInfo.activeProcessorCount
    let precision = [DType.float32: "fp32", .bfloat16: "bf16", .float16: "fp16"][dtype] ?? "\(dtype)"
    machine =
      "\(values.device.rawValue), \(precision), \(counted(threads, "training thread")), "
      + counted(values.data.loaderThreadCount, "loading thread")
  }

  private static func describe(_ selection: SelectionConfiguration) -> String {
    if selection.policy == .none { return "two random views" }
    let drawn = max(selection.drawn, selection.candidates)
    return "policy \(selection.policy.rawValue) of \(drawn) views"
  }

  /// A few lines.
  public var description: String {
    ([images] + remarks + ["\(objective); \(network)", "\(length); \(machine)"]).joined(separator: "\n")
  }
}

private func millions(_ count: Int) -> String {
  guard count >= 100_000 else { return "\(count)" }
  let tenths = (count + 50_000) / 100_000
  return "\(tenths / 10).\(tenths % 10) M"
}

private func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
