import Encoders
import Foundation
import HardViewPretraining
import ImageData
import RepresentationEvaluation
import RunConfiguration
import RunEvaluation
import RunRecords
import Torch

/// Measures the encoder of one run of a study, in a process of its own.
public enum RunMeasurement {
  /// Measures a run and writes `measures.json` into its folder, beside the records of the protocols.
  ///
  /// - Parameters:
  ///   - folder: The run's folder within the study.
  ///   - threads: Threads of decoding and of operators, where its settings leave that open.
  ///   - components: What its settings may name.
  ///   - onSkip: Told about images that could not be used.
  /// - Returns: What is measured on what, a sentence each.
  /// - Throws: Errors of the run, its images and the disk.
  public static func measure(
    _ folder: String, threads: Int, components: Components = .standard,
    onSkip: @escaping @Sendable (SkippedImage) -> Void = { _ in }
  ) throws -> [String] {
    ChildProcess.endWithStudy()
    let run = StudyRun(condition: Study.Condition(set: "", method: ""), arm: "", seed: 0, folder: folder)
    let order = try readJSON(RunToMeasure.self, from: run.measuringPath)
    var settings = try ConfigurationTree(contentsOf: run.settingsPath)
    for (key, present) in [("threads", settings["threads"]), ("data.loader_threads", settings["data.loader_threads"])] {
      if present == .integer(key == "threads" ? 0 : -1) { settings.set(.integer(threads), at: key) }
    }
    let configuration = try ResolvedConfiguration(settings, components: components)
    return try configuration.values.device.use {
      let encoder =
        order.isUntrained
        ? try VisionEncoder.initial(of: configuration)
        : try VisionEncoder(run.trainingPath, components: components)
      let evaluation = try EncoderEvaluation(
        encoder, images: images(of: configuration, labelled: order.labelled), output: folder + "/evaluation",
        onSkip: onSkip)
      var measured = MeasuredRun(protocols: order.protocols, images: evaluation.summary, mainMeasures: [], measures: [])
      for chosen in order.protocols {
        let fitted = try chosen.resolved().fitted(to: evaluation)
        let measures = try evaluation.outcome(of: fitted).measures
        measured.mainMeasures += measures.prefix(1).map(\.name)
        measured.measures += measures
      }
      try writeJSON(measured, to: run.measuresPath)
      return [evaluation.summary] + evaluation.remarks
    }
  }

  /// Opens and divides the images that the encoders of a study are measured on, as will be done after training; none is
  /// read.
  /// - Throws: Errors of the data; `MissingLabelsError`; `DivisionError`.
  static func checkImages(of study: Study) throws {
    // One method suffices for every image set.
    for condition in study.conditions where condition.method == study.conditions[0].method {
      let configuration = study.configuration(of: study.reference, in: condition)
      let images = images(of: configuration, labelled: study.labelledImages(of: condition.set))
      _ = try images.divided(for: VisionEncoder.initial(of: configuration))
    }
  }

  /// Every labelled image, not only those trained on: measuring is cheap, and less noisy so.
  private static func images(of configuration: ResolvedConfiguration, labelled: String) -> EvaluationImages {
    let own = configuration.values.data
    return EvaluationImages(data: labelled.isEmpty ? (own.format == .automatic ? own.path : nil) : labelled)
  }
}
