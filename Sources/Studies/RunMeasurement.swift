import Foundation
import HardViewPretraining
import ImageData
import NeuralNetworks
import RepresentationEvaluation
import RunConfiguration
import RunRecords
import Torch

/// Measures the encoder of one run of a study, in a process of its own.
public enum RunMeasurement {
  /// Measures a run and writes `measures.json` into its folder.
  ///
  /// - Parameters:
  ///   - folder: The run's folder within the study.
  ///   - threads: Threads of decoding and of operators, where its settings leave that open.
  ///   - components: What its settings may name.
  ///   - onSkip: Told about images that could not be used.
  /// - Throws: Errors of the run, its images and the disk.
  public static func measure(
    _ folder: String, threads: Int, components: Components = .standard,
    onSkip: @escaping @Sendable (SkippedImage) -> Void = { _ in }
  ) throws {
    let run = StudyRun(condition: Study.Condition(set: "", method: ""), arm: "", seed: 0, folder: folder)
    let order = try readJSON(RunToMeasure.self, from: run.measuringPath)
    var settings = try ConfigurationTree(contentsOf: run.settingsPath)
    // Every labelled image, not only those trained on: measuring is cheap, and less noisy so.
    settings.set(.integer(0), at: "data.limit")
    let configuration = try ResolvedConfiguration(settings, components: components)
    let values = configuration.values
    Engine.setThreadCount(values.threads == 0 ? threads : values.threads)
    try values.device.use {
      let backbone =
        order.isUntrained
        ? try Pretraining.start(configuration, output: run.trainingPath).encoder
        : try PretrainedEncoder(run: run.trainingPath, components: components).backbone
      func features(_ split: DataSplit) throws -> LabelledFeatures {
        try extractFeatures(
          of: configuration.open(split: split), with: backbone, transform: configuration.encoder.transform,
          threads: values.data.loaderThreads < 0 ? threads : values.data.loaderThreads,
          skipped: SkippedImages(maximumShare: values.data.skippedShareLimit, onSkip: onSkip),
          dtype: values.precision.dtype(on: .current))
      }
      let (train, test) = (try features(.train), try features(.test))
      let measures = try order.protocols.flatMap { try $0.measures(train: train, test: test) }
      try writeJSON(
        MeasuredRun(
          protocols: order.protocols, images: "\(train.count) training and \(test.count) test images",
          measures: measures),
        to: run.measuresPath)
    }
  }
}
