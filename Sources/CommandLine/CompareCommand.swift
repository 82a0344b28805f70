import ArgumentParser
import Encoders
import Foundation
import HardViewPretraining
import ImageData
import RepresentationEvaluation
import RunRecords
import Studies

/// `hardviews compare`.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Train several arms with the same seeds, and say which is better, with intervals.",
    discussion: """
      The study file names images, arms, seeds and protocols; see Documentation/Comparing.md. Every run is trained in a \
      process of its own. Results are written after each, and the same command goes on where it was stopped.

      hardviews compare Studies/hard-views.yaml
      hardviews compare --quick --data PHOTOS --budget 1h
      hardviews compare --resume runs/hard-views
      hardviews compare --report runs/hard-views
      """)

  @Argument(help: ArgumentHelp("The study file.", valueName: "study.yaml"))
  var file: String?

  @Option(help: "The study's folder; by default runs/NAME of the study file, which is gone on with where it exists.")
  var output: String?

  @Option(help: ArgumentHelp("Go on with the study in this folder.", valueName: "folder"))
  var resume: String?

  @Option(help: ArgumentHelp("Write the reports of this folder again, and train nothing.", valueName: "folder"))
  var report: String?

  @Flag(help: "Compare random views, hard views and all of the views on --data, without a study file.")
  var quick = false

  @Option(help: "With --quick: the images, as `pretrain` takes them.")
  var data: String?

  @Option(help: "With --quick: labelled images to measure on, where those of --data have no labels.")
  var labelled: String?

  @Option(help: "With --quick: the time for everything, such as 90m, 1h or 1d; as many pairs are trained as it allows.")
  var budget: PlanCommand.Duration?

  @Option(help: "With --quick: where to compute, cpu or cuda.")
  var device: DeviceChoice?

  @Option(help: "Runs that take place at once; by default as the study file says, or one for every two cores or GPU.")
  var atOnce: Int?

  @Option(help: .hidden)
  var measure: String?

  @Option(help: .hidden)
  var threads = 1

  func validate() throws {
    let sources = [file, resume, report, measure, quick ? "" : nil].compactMap { $0 }
    guard sources.count == 1 else {
      throw ValidationError(
        sources.isEmpty
          ? "Name a study file, --quick with --data, or the folder of a study with --resume or --report."
          : "Give one of a study file, --quick, --resume and --report.")
    }
    guard quick == (data != nil) else { throw ValidationError("--quick and --data go together.") }
    guard quick || (labelled == nil && budget == nil && device == nil) else {
      throw ValidationError("--labelled, --budget and --device go with --quick; a study file names them itself.")
    }
    if let atOnce, atOnce < 1 { throw ValidationError("--at-once must be at least 1.") }
    if output != nil, resume != nil || report != nil {
      throw ValidationError("--output goes with a study file or --quick; --resume and --report name the folder.")
    }
  }

  func run() throws {
    let components = HardViewsProgram.components
    if let measure {
      let notes = try RunMeasurement.measure(
        measure, threads: threads, components: components, onSkip: Watching.skipped)
      return notes.forEach(remark)
    }
    if let report {
      let comparison = try StudyComparison(resuming: report, components: components)
      print(try comparison.writeReport().text)
      return
    }
    if let data { return try compareQuickly(data) }
    let comparison: StudyComparison
    if let file {
      let name = URL(filePath: file).deletingPathExtension().lastPathComponent
      comparison = StudyComparison(
        try Study(contentsOf: file, components: components), in: StudyFolder(at: output ?? "runs/\(name)"))
    } else {
      comparison = try StudyComparison(resuming: resume!, components: components)
    }
    try carry(out: comparison, with: resources())
  }

  /// Plans a study of some images and carries it out, or goes on with it where it was begun before.
  private func compareQuickly(_ data: String) throws {
    let components = HardViewsProgram.components
    let name = URL(filePath: data).standardizedFileURL.deletingPathExtension().lastPathComponent
    let folder = StudyFolder(at: output ?? "runs/quick-\(name)")
    if folder.holdsStudy {
      let comparison = try StudyComparison(resuming: folder.path, components: components)
      let study = comparison.study
      let images = study.configuration(of: study.reference, in: study.conditions[0]).values.data.path
      guard VisionEncoder.absolutePath(of: images) == VisionEncoder.absolutePath(of: data) else {
        throw RecordError(
          path: folder.path, reason: "holds a study of other images (\(images))",
          advice: "Choose another folder with --output")
      }
      remark("\(folder.path) holds a study already, which goes on as it was planned.")
      return try carry(out: comparison, with: resources())
    }
    let start = ContinuousClock.now
    let seconds = budget?.seconds ?? 3600
    remark("Timing a few steps on \(data)")
    let quick = try QuickStudy(
      data: data, labelled: labelled, budget: seconds, device: device ?? .cpu, components: components)
    for text in quick.remarks { remark(text) }
    try carry(
      out: StudyComparison(quick.study, in: folder),
      with: resources(budget: seconds - (ContinuousClock.now - start) / .seconds(1)))
  }

  private func resources(budget: Double? = nil) -> StudyQueue.Resources {
    var resources = StudyQueue.Resources()
    resources.atOnce = atOnce ?? 0
    resources.budget = budget
    return resources
  }
}

/// Carries out a study before a person's eyes.
func carry(out comparison: StudyComparison, with resources: StudyQueue.Resources) throws {
  let study = comparison.study
  let path = comparison.folder.path
  Interruption.listen()
  let runs = comparison.folder.runs(of: study).count
  remark(
    "\(study.summary.isEmpty ? "Comparing" : study.summary) in \(path): \(runs) runs of "
      + "\(study.arms.map(\.name).joined(separator: ", ")) with \(quantity(study.seeds.count, "seed"))")
  for sentence in try comparison.power() { remark(sentence) }
  let outcome = try comparison.run(with: resources, shouldStop: { Interruption.request == .stop }) { event in
    switch event {
    case .began(let run): remark("began \(run.name)")
    case .finished(let result, let done, let total, let secondsLeft):
      let measures = result.measures.filter { result.mainMeasures.contains($0.name) }
        .map { "\($0.name) \(percent($0.value))" }.joined(separator: ", ")
      let left = secondsLeft.map { done < total ? ", about \(describeDuration(seconds: $0)) left" : "" } ?? ""
      let place = "\(result.arm), seed \(result.seed) (\(result.condition.name))"
      remark("finished \(place): \(measures); \(done) of \(total)\(left)")
    case .failed(let failure):
      remark("FAILED: \(failure.arm), seed \(failure.seed) (\(failure.condition.name)) \(failure.reason)")
    case .stretched(let text): remark(text)
    case .outOfTime(let seeds): remark("The time is up; \(quantity(seeds, "planned seed")) left out.")
    }
  }
  let report = try comparison.report()
  print(report.text)
  remark("Reports: \(comparison.folder.markdownPath), report.json and report.png beside it")
  if outcome == .interrupted {
    remark("Stopped. Go on with: hardviews compare --resume \(path)")
    throw ExitCode(130)
  }
  if !report.failures.isEmpty {
    remark(
      "\(report.failures.count) of \(runs) runs failed. Correct the cause, and go on with: hardviews compare --resume \(path)"
    )
    throw ExitCode(1)
  }
}
