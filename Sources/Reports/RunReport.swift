import Foundation
import HardViewPretraining
import RunRecords
import Studies

/// One page on one or several runs, from the files of their folders alone.
public struct RunReport {
  let runs: [RecordedRun]
  /// How many images are embedded for the map of the embedding, at most; 0 leaves it out.
  let embeddedImages: Int
  private let components: Components
  let study: RecordedStudy?

  /// Reads run folders, and the folder of a study.
  ///
  /// What cannot be read is left out, and the page says so.
  /// - Parameters:
  ///   - paths: The run folders.
  ///   - study: The folder of a study.
  ///   - embeddedImages: How many images each run's encoder embeds for the page, at most; 0 leaves that out.
  ///   - components: What configurations may name.
  /// - Throws: `RecordError` where a folder is no run, or no study.
  public init(
    runs paths: [String], study: String? = nil, embeddedImages: Int = 400, components: Components = .standard
  ) throws(RecordError) {
    self.embeddedImages = embeddedImages
    self.components = components
    var runs: [RecordedRun] = []
    for path in paths { runs.append(try RecordedRun(path, components: components)) }
    self.runs = runs
    self.study = try study.map { path throws(RecordError) in try RecordedStudy(path) }
  }

  /// The page: one file that needs no other.
  public var html: String {
    var sections: [Page.Section] = []
    func add(_ anchor: String, _ title: String, _ body: HTML) {
      if body != .empty { sections.append(Page.Section(anchor: anchor, title: title, body: body)) }
    }
    if let study { add("study", "The study", study.section) }
    add(
      "runs", runs.count == 1 ? "The run" : "The runs",
      HTML(runs.map { RunSection(run: $0, isOnlyOne: runs.count == 1).html }))
    add("health", "Health", HealthSection(runs: runs).html)
    add("training", "Training", TrainingSection(runs: runs).html)
    add("selection", "What was selected", SelectionSection(runs: runs).html)
    add("importances", "What makes a pair hard", ImportancesSection(runs: runs).html)
    add("invariance", "What the encoder does not see", InvarianceSection(runs: runs).html)
    for (number, run) in runs.enumerated() {
      let (mark, name) = runs.count == 1 ? ("", "") : ("-\(number + 1)", ": \(run.name)")
      let images = run.images
      add("gallery\(mark)", "Images and their views\(name)", GallerySection(run: run, images: images).html)
      add(
        "embedding\(mark)", "What the encoder finds alike\(name)",
        EmbeddingSection(run: run, images: images, limit: embeddedImages, components: components).html)
      add("images\(mark)", "Hardest and easiest images\(name)", ImagesSection(run: run, images: images).html)
    }
    return Page(title: title, lead: lead, sections: sections).html.source
  }

  private var title: String {
    let names = runs.map(\.name)
    guard let study else { return names.joined(separator: ", ") }
    return study.report.summary
  }

  private var lead: HTML {
    if runs.isEmpty { return "A report on a study." }
    let sentences = runs.map { run in runs.count == 1 ? run.sentence : "\(run.name): \(run.sentence)" }
    return HTML(text: sentences.joined(separator: " "))
  }
}
