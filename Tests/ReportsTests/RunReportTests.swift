import Encoders
import Foundation
import ImageData
import Importances
import Objectives
import PixelEvaluation
import RunConfiguration
import RunEvaluation
import RunRecords
import TestSupport
import Testing
import ViewRecords
import Views

@testable import HardViewPretraining
@testable import Reports

@Suite struct RunReportTests {
  /// A run of a few steps, on images of a folder.
  static func train(
    _ name: String, in folder: String, classes: [(name: String, count: Int, stripes: Int)], _ settings: [String] = []
  ) throws -> String {
    let images = try SyntheticImages.writeFolder("images", in: folder, classes: classes)
    var tree = try ConfigurationTree(
      yaml: """
        threads: 1
        precision: fp32
        data: {path: '\(images)', loader_threads: 0}
        views: {size: 16, blur: {probability: 0.0}, normalization: {mean: [0.5], standard_deviation: [0.25]}}
        backbone: {name: resnet18, stem: cifar, width: 8, channels: 3}
        method: {name: simsiam, projector_layers: 2, projector_output: 16, predictor_hidden: 8}
        training: {epochs: 4, batch_size: 8}
        records: {metrics_every_steps: 1, views_of_images: 16}
        evaluation: {online: {every_epochs: 1}}
        selection: {audit_every_steps: 2}
        """, source: "test")
    for setting in settings { try tree.set(setting) }
    let path = "\(folder)/\(name)"
    _ = try Pretraining.start(ResolvedConfiguration(tree), output: path).run()
    return path
  }

  private static let classes = [(name: "a", count: 8, stripes: 0), (name: "b", count: 8, stripes: 2)]

  @Test func textIsShownAsItIs() {
    let name = "<img src=x onerror='alert(\"1\")'> & \u{0}\u{1B}é"
    #expect(
      ("<b title=\"\(name)\">\("x" as HTML)</b>" as HTML).source
        == "<b title=\"&lt;img src=x onerror=&#39;alert(&quot;1&quot;)&#39;&gt; &amp; \u{FFFD}\u{FFFD}é\">x</b>")
  }

  /// The class token's attention is shown head by head; without images to embed the section is left out.
  @Test func transformersShowTheirAttention() throws {
    try withTemporaryDirectory { folder in
      let settings = [
        "backbone.name=vit_tiny", "backbone.width=128", "backbone.depth=2", "backbone.patch_size=4",
        "training.epochs=1",
      ]
      let run = try Self.train("run", in: folder, classes: Self.classes, settings)
      let html = try RunReport(runs: [run]).html
      #expect(html.contains("<h3>Attention of the class token</h3>"))
      #expect(html.components(separatedBy: "alt=\"head 2\"").count - 1 == 4 && !html.contains("alt=\"head 3\""))
      #expect(try !RunReport(runs: [run], embeddedImages: 0).html.contains("section id=\"embedding\""))
      let map = EmbeddingSection.picture(of: [[0, 0.25], [0.5, 0]])
      #expect(map.width == 112 && map.height == 112)
      #expect(Set(map.pixels) == [0, 128, 255] && map.pixels[111] == 128 && map.pixels[111 * 112] == 255)
    }
  }

  /// Every section is there, with the figures of the run, and nothing that a browser would fetch.
  @Test(arguments: ViewsFormat.allCases) func aRunBecomesAPage(format: ViewsFormat) throws {
    try withTemporaryDirectory { folder in
      let run = try Self.train(
        "run", in: folder, classes: Self.classes, ["records.views_format=\(format.rawValue)"])
      let html = try RunReport(runs: [run]).html
      for anchor in ["runs", "health", "training", "selection", "importances", "gallery", "embedding", "images"] {
        #expect(html.contains("<section id=\"\(anchor)\">"))
      }
      for title in [
        "Loss", "Learning rate", "Images a second", "Rank of the embedding", "Accuracy while training",
        "Overlap of trained crops", "Agreement with least overlap", "Captured hardness", "Area of the crops",
        "Hardness",
        "Which views were chosen", "Chosen pairs against others", "Where the time went",
      ] {
        #expect(html.contains("<h3>\(title)</h3>"), "\(title) is missing")
      }
      #expect(html.contains("simsiam with resnet18 of width 8 on images") && html.contains("All 4 epochs are done"))
      #expect(!html.contains("http") && !html.contains("<script") && !html.contains("<link"))
      // Five images at three times, each with its four views and the image itself; six neighborhoods of seven, six pairs,
      // six images that are least alike.
      #expect(html.components(separatedBy: "data:image/png;base64,").count - 1 == 5 * 3 * 5 + 12 + 6 * 7 + 6 * 2 + 6)
      #expect(html.components(separatedBy: "class=\"chosen\"").count - 1 == 5 * 3 * 2)
    }
  }

  /// Several runs share their charts; a baseline has no selection.
  @Test func severalRunsShareTheirCharts() throws {
    try withTemporaryDirectory { folder in
      let hard = try Self.train("hard", in: folder, classes: Self.classes)
      let random = try Self.train("random", in: folder, classes: Self.classes, ["selection={policy: none}"])
      let html = try RunReport(runs: [hard, random]).html
      #expect(html.components(separatedBy: "<h3>Loss</h3>").count == 2)
      #expect(html.contains("hard, chosen") && html.contains("random, chosen"))
      let alone = try RunReport(runs: [random]).html
      #expect(alone.contains("nothing was selected"))
    }
  }

  /// Names of files and folders are text, also those that look like HTML.
  @Test func namesAreText() throws {
    try withTemporaryDirectory { folder in
      let run = try Self.train(
        "<b>run", in: folder,
        classes: [(name: "<script>alert(1)<", count: 13, stripes: 0), (name: "\"onload=\"x", count: 3, stripes: 2)])
      let html = try RunReport(runs: [run]).html
      #expect(!html.contains("<script") && !html.contains("<b>run") && !html.contains("\"onload=\"x"))
      #expect(html.contains("&lt;script&gt;alert(1)&lt;") && html.contains("&lt;b&gt;run"))
    }
  }

  /// Whatever was cut off or is of another version: the page says so, and shows the rest.
  @Test func damagedRunsAreShownAsFarAsTheyGo() throws {
    try withTemporaryDirectory { folder in
      let run = try Self.train("run", in: folder, classes: Self.classes)
      let directory = try RunDirectory.open(at: run)
      func html() throws -> String { try RunReport(runs: [run]).html }
      func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
      func write(_ text: String, _ path: String) throws { try Data(text.utf8).write(to: URL(filePath: path)) }

      let metrics = try text(directory.metricsPath)
      // A line that was being written, and one that another program wrote.
      try write(metrics + "{\"step\": 99, \"other\": 1}\n{\"step\": 10", directory.metricsPath)
      #expect(try html().contains("1 of \(metrics.split(separator: "\n").count + 1) lines of metrics.jsonl"))
      try write("", directory.metricsPath)
      #expect(try html().contains("No metrics were recorded"))
      try FileManager.default.removeItem(atPath: directory.metricsPath)
      #expect(try html().contains("Nothing was recorded yet"))
      try write(metrics, directory.metricsPath)

      let images = "\(folder)/images"
      try FileManager.default.removeItem(atPath: "\(images)/a")
      #expect(try html().contains("is no longer among the images"))
      try FileManager.default.moveItem(atPath: images, toPath: images + "-moved")
      #expect(try html().contains("The images cannot be shown"))

      let views = try text(directory.viewsPath)
      try write(String(views.prefix(views.count / 2)), directory.viewsPath)
      _ = try html()
      try FileManager.default.removeItem(atPath: directory.viewsPath)
      #expect(try !html().contains("id=\"gallery\""))
      try FileManager.default.removeItem(atPath: directory.historyPath)
      try write("{", directory.evaluationPath + "/knn.json")
      _ = try html()
      try write("method: {name: of_tomorrow}\n", directory.configurationPath)
      let foreign = try html()
      #expect(foreign.contains("The configuration cannot be used") && foreign.contains("<h3>Loss</h3>"))

      try FileManager.default.removeItem(atPath: directory.configurationPath)
      let error = #expect(throws: RecordError.self) { try RunReport(runs: [run]) }
      #expect("\(error!)".contains("is no run folder"))
      let study = #expect(throws: RecordError.self) { try RunReport(runs: [], study: run) }
      #expect("\(study!)".contains("no results of a study"))
    }
  }

  /// What is told of chosen and other pairs, against sums by hand.
  @Test func choicesAreSummedUp() {
    func view(_ left: Int, _ side: Int) -> ViewParameters {
      ViewParameters(
        sourceWidth: 100, sourceHeight: 50, crop: CropBox(top: 0, left: left, height: side, width: side))
    }
    let records = [
      ViewsRecord(
        step: 0, epoch: 0, image: 0, name: "a", views: [view(0, 10), view(20, 10), view(40, 50)], selected: [0, 2],
        scores: [1, 4, 1]),
      ViewsRecord(
        step: 0, epoch: 0, image: 1, name: "b", views: [view(0, 20), view(0, 20), view(0, 20)], selected: [1, 2],
        scores: [0, 0, 3]),
      // Too few views, and a number that none has.
      ViewsRecord(step: 1, epoch: 0, image: 0, name: "a", views: [view(0, 10)], selected: [0, 0]),
      ViewsRecord(
        step: 1, epoch: 0, image: 0, name: "a", views: [view(0, 10), view(0, 10), view(0, 10)], selected: [0, 7]),
    ]
    let choices = [[0, 1], [0, 2], [1, 2]]
    let summary = ChoiceSummary(of: records, among: choices)!
    #expect(summary.images == 2 && summary.counts == [1, 1, 2] && summary.gains == [2, 2])
    #expect(summary.chosen.area.map { ($0 * 1000).rounded() } == [20, 500, 80, 80])
    #expect(summary.others.area.count == 8)
    #expect(abs(summary.chosen.distance[0] - sqrt(0.6 * 0.6 + 0.4 * 0.4)) < 1e-9 && summary.chosen.distance[1] == 0)
    let overlap = summary.quantities.first { $0.name == "overlap" }
    #expect(overlap?.chosen == "0.500" && overlap?.others == "0.500")
    #expect(ChoiceSummary(of: records, among: [[0, 1]]) == nil && ChoiceSummary(of: [], among: choices) == nil)
  }

  /// Means of what was recorded of each image in the second half, against those of all.
  @Test func standingsCompareImagesOfTheSameTime() {
    func record(_ epoch: Int, _ image: Int, _ scores: [Float]?) -> ViewsRecord {
      ViewsRecord(step: epoch, epoch: epoch, image: image, name: "\(image)", views: [], selected: [], scores: scores)
    }
    let records = [
      record(0, 0, [9, 9]), record(0, 1, [1, 1]), record(0, 2, [5, 5]),
      record(2, 0, [2, 4]), record(2, 1, [0, 0]), record(2, 2, [6, 6]),
      record(3, 0, [1, 1]), record(3, 1, [1, 1]), record(3, 2, [4, 4]), record(3, 3, nil), record(3, 4, [.nan]),
      // Recorded in the first half alone.
      record(1, 5, [1]),
    ]
    let images = ImagesSection.standings(of: records)
    #expect(images.map(\.image) == [1, 0, 2])
    // Epoch 2 has a mean of 3, epoch 3 of 2.
    #expect(images.map(\.standing) == [-2, -0.5, 2.5] && images.map(\.isAlwaysHard) == [false, false, false])
    let always = ImagesSection.standings(of: records.filter { $0.epoch > 1 })
    #expect(always.map(\.isAlwaysHard) == [false, false, true])
  }

  /// Scores that follow from overlap are found to, and predicted for other images; scores at random are not.
  @Test func importancesFindWhatScoresDependOn() {
    let space = CandidateSpace(plan: .pair, poolSizes: [4])
    func records(_ score: (CropBox, CropBox, Int) -> Float) -> [ViewsRecord] {
      (0..<300).map { image in
        let views = (0..<4).map { view in
          var random = ViewRandom(seed: 1, epoch: 0, sample: image, view: view)
          return ViewRecipe().drawParameters(width: 300, height: 200, using: &random)
        }
        let scores = space.globals.enumerated().map { score(views[$1[0]].crop, views[$1[1]].crop, image * 6 + $0) }
        return ViewsRecord(step: 0, epoch: 0, image: image, name: "", views: views, selected: [0, 1], scores: scores)
      }
    }
    let geometric = PairImportances(
      of: records { first, second, _ in Float(-first.intersectionOverUnion(with: second)) }, among: space)!
    #expect(geometric.mainEffects.max { $0.fraction < $1.fraction }?.names == ["overlap"])
    #expect(geometric.explained > 0.9 && geometric.agreement > 0.7 && abs(geometric.chance - 1.0 / 6) < 1e-12)
    #expect(geometric.tested == 150)
    let random = PairImportances(of: records { _, _, row in Float((row * 7919) % 101) }, among: space)!
    #expect(random.explained < 0.1 && random.agreement < 0.3)
    #expect(PairImportances(of: Array(records { _, _, _ in 0 }.prefix(50)), among: space) == nil)
  }

  /// Bars of what `evaluate invariance` wrote, those of two runs side by side.
  @Test func invarianceIsShownWhereItWasMeasured() throws {
    try withTemporaryDirectory { folder in
      let runs = try ["a", "b"].map { try Self.train($0, in: folder, classes: Self.classes, ["training.epochs=1"]) }
      #expect(try !RunReport(runs: runs).html.contains("id=\"invariance\""))
      for run in runs {
        _ = try EncoderEvaluation(VisionEncoder(run), images: EvaluationImages(heldOutShare: 0.5)).run(Invariance())
      }
      let html = try RunReport(runs: runs).html
      #expect(html.contains("id=\"invariance\"") && html.contains(">hue 0.05</text>"))
      #expect(html.components(separatedBy: ">hue 0.05</text>").count == 2)
      // A later evaluation takes the place of an earlier one.
      var flips = Invariance()
      flips.alterations = [.flip]
      _ = try EncoderEvaluation(VisionEncoder(runs[0]), images: EvaluationImages(heldOutShare: 0.5)).run(flips)
      let later = try RunReport(runs: [runs[0]]).html
      #expect(later.contains(">flip</text>") && !later.contains(">hue 0.05</text>"))
    }
  }
}

/// Long files are not decoded line by line.
@Suite struct SampledLinesTests {
  private struct Line: Codable {
    var step: Int
    static nonisolated(unsafe) var decoded = 0
    init(step: Int) { self.step = step }
    init(from decoder: any Decoder) throws {
      Self.decoded += 1
      step = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .step)
    }
  }

  @Test func linesAreSpreadOverTheFile() throws {
    try withTemporaryDirectory { folder in
      let path = "\(folder)/lines.jsonl"
      let text = (0..<50_000).map { "{\"step\":\($0)}" }.joined(separator: "\n") + "\n{\"step\":"
      try Data(text.utf8).write(to: URL(filePath: path))
      let sample = try JSONLines.sample(Line.self, from: path, limit: 100)
      #expect(sample.lineCount == 50_000 && sample.unreadable == 0)
      #expect(sample.records.map(\.step) == (0..<100).map { $0 * 500 } && Line.decoded == 100)
      let end = try JSONLines.sample(Line.self, from: path, limit: 100, window: 0.999...1)
      #expect(end.records.map(\.step) == (0..<50).map { 49_950 + $0 })
      try Data("\n{}\n{\"step\":1}\n\nx\n".utf8).write(to: URL(filePath: path))
      let few = try JSONLines.sample(Line.self, from: path, limit: 100)
      #expect(few.records.map(\.step) == [1] && few.unreadable == 2 && few.lineCount == 3)
      #expect(try JSONLines.sample(Line.self, from: folder + "/none", limit: 1).lineCount == 0)
    }
  }
}
