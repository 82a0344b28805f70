import ArgumentParser
import AtomicFiles
import Foundation
import Reports

/// `hardviews report`.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Show what a run did and what it selected, as one page (HTML).",
    discussion: """
      The page needs no other file and no network. It is made from the files of the run folders, whatever state they are \
      in; images that are still where they were are shown with the views that were drawn of them, and with what the \
      encoder finds alike.

      hardviews report runs/my
      hardviews report runs/random runs/hard --output compared.html
      hardviews report --study runs/hard-views --output study.html
      """)

  @Argument(help: "Run folders; curves of several are drawn into one picture.")
  var runs: [String] = []

  @Option(help: "The folder of a study (`hardviews compare`), whose table and verdicts come first.")
  var study: String?

  @Option(
    help: "How many images the encoder embeds for the map of the embedding and nearest neighbors; 0 leaves them out.")
  var embeddedImages = 400

  @Option(help: "Where the page goes; by default report.html in the first run's, or the study's, folder.")
  var output: String?

  func validate() throws {
    guard !runs.isEmpty || study != nil else { throw ValidationError("Name a run folder, or a study with --study.") }
    guard (0...2000).contains(embeddedImages) else { throw ValidationError("--embedded-images goes from 0 to 2000.") }
  }

  func run() throws {
    let report = try RunReport(
      runs: runs, study: study, embeddedImages: embeddedImages, components: HardViewsProgram.components)
    let path = output ?? "\(runs.first ?? study!)/report.html"
    let page = Data(report.html.utf8)
    try AtomicFile.write(page, to: path)
    print("\(path) (\(max(1, page.count / 1000)) kB)")
  }
}
