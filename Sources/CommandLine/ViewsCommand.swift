import ArgumentParser
import AtomicFiles
import Foundation
import HardViewPretraining
import ImageData
import Pictures
import Reports
import RunConfiguration
import RunRecords
import Views

/// `hardviews views`.
struct ViewsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "views",
    abstract: "Show what a recipe draws: an image, its crops and its views, as a picture or as JSON.",
    discussion: """
      hardviews views cat.jpg --recipe dino --output cat.png
      hardviews views PHOTOS --index 7 --recipe my.yaml -n 16 --output views.png
      hardviews views PHOTOS --recipe simsiam-cifar10 --json
      hardviews views runs/my --index 7 --output views.png     # of a run's images, by its configuration
      hardviews views runs/my --chosen --output chosen.png     # the choices that the run recorded last
      """)

  @Argument(help: "An image file, images as `pretrain` takes them, or a run folder, which stands for its images.")
  var images: String

  @Option(
    help: """
      A view pipeline (simsiam, simclr, byol, dino, …), a recipe of `hardviews recipes`, a YAML file or a run folder; by \
      default simsiam, or the run whose images are shown.
      """)
  var recipe: String?

  @Option(name: .customShort("n"), help: "Views of each group; by default those of the recipe, or 8 of a single group.")
  var count: Int?

  @Option(help: "Which image of a folder or file of many, from 0.")
  var index = 0

  @Option(help: "Decides what is drawn.")
  var seed: UInt64 = 0

  @Option(help: "The epoch whose views are drawn, from 0.")
  var epoch = 0

  @Option(help: "Where the picture goes (PNG); an existing file is replaced.")
  var output: String?

  @Flag(help: "Show what a run chose: its last recorded choices, of -n images or 8.")
  var chosen = false

  @Flag(help: "Print what was drawn as JSON.")
  var json = false

  func validate() throws {
    guard output != nil || json else { throw ValidationError("Name a picture with --output, or ask for --json.") }
    guard count.map({ (1...1000).contains($0) }) ?? true else { throw ValidationError("-n goes from 1 to 1000.") }
    guard !chosen || (!json && recipe == nil && output != nil) else {
      throw ValidationError(
        "--chosen draws a picture of what a run recorded: give it --output, and no --json or --recipe.")
    }
    guard index >= 0, epoch >= 0 else { throw ValidationError("--index and --epoch count from 0.") }
  }

  func run() throws {
    if chosen, let output {
      let sheet = try ChosenViews(run: images, limit: count ?? 8).sheet()
      try AtomicFile.write(sheet.drawn().png(), to: output)
      return remark("\(output) shows what \(images) chose for \(quantity(sheet.rows.count, "image")).")
    }
    let recipe = self.recipe ?? (RunDirectory.isRun(at: images) ? images : "simsiam")
    let pipeline = try ViewPipeline.find(recipe, components: HardViewsProgram.components)
    let (whole, name) = try loadImage()
    let image = whole.visible
    if whole.channels != image.channels {
      remark("Of \(whole.channels) channels \(image.channels == 1 ? "the first is" : "the first three are") shown.")
    }
    var tiles: [ContactSheet.Tile] = []
    var records: [DrawnViewRecord] = []
    var scratch = RenderScratch()
    for (number, group) in pipeline.groups.enumerated() {
      let views = count ?? (pipeline.groups.count == 1 ? max(8, group.count) : group.count)
      let parameters = DrawnViews(group.recipe, count: views).parameters(
        group: number, seed: seed, epoch: epoch, sample: index, width: image.width, height: image.height)
      for (view, drawn) in parameters.enumerated() {
        records.append(DrawnViewRecord(group: group.name, view: view, parameters: drawn))
        guard output != nil else { continue }
        let renderer = ViewRenderer(recipe: group.recipe, channels: 3, format: .uint8)
        tiles.append(
          ContactSheet.Tile(
            name: "\(group.name) \(view + 1)", parameters: drawn, image: renderer.image(of: image, drawn, &scratch)))
      }
    }
    if let output {
      let file = URL(filePath: name).lastPathComponent
      let title = "\(file), \(image.width)×\(image.height) · \(recipe) · seed \(seed), epoch \(epoch)"
      let sheet = ContactSheet(title: title, image: image, tiles: tiles)
      try AtomicFile.write(sheet.drawn().png(), to: output)
      remark("\(output) shows \(tiles.count) views of \(name).")
    }
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      encoder.keyEncodingStrategy = .convertToSnakeCase
      let sheet = DrawnViewsRecord(
        image: name, width: image.width, height: image.height, recipe: recipe, seed: seed, epoch: epoch, index: index,
        views: records)
      print(String(decoding: try encoder.encode(sheet), as: UTF8.self))
    }
  }

  /// The image that is meant, and its name.
  private func loadImage() throws -> (Image, String) {
    var isFolder: ObjCBool = false
    let isThere = FileManager.default.fileExists(atPath: images, isDirectory: &isFolder)
    if isThere, !isFolder.boolValue, let image = try imageFile() { return (image, images) }
    let dataset = try dataset()
    Watching.remarks(on: dataset)
    guard index < dataset.count else {
      throw ValidationError("--index \(index): there are \(dataset.count) images (\(dataset.summary)).")
    }
    return (try dataset.image(at: index), dataset.name(at: index))
  }

  private func dataset() throws -> any ImageDataset {
    let components = HardViewsProgram.components
    guard RunDirectory.isRun(at: images) else {
      return try Datasets.open(path: images, split: .train, readers: components.datasetReaders)
    }
    let run = try Pretraining.configuration(of: RunDirectory.open(at: images), components: components)
    return try run.open(split: .train)
  }

  /// The image in the file, or nil where the file is of none of the image formats.
  private func imageFile() throws -> Image? {
    do {
      return try ImageDecoder.decode(contentsOf: images)
    } catch {
      guard case .unknownFormat = error.problem else { throw error }
      return nil
    }
  }
}

/// What was drawn for one image, as printed.
private struct DrawnViewsRecord: Encodable {
  var image: String
  var width: Int
  var height: Int
  var recipe: String
  var seed: UInt64
  var epoch: Int
  var index: Int
  var views: [DrawnViewRecord]
}

/// One view of it.
private struct DrawnViewRecord: Encodable {
  var group: String
  var view: Int
  var parameters: ViewParameters
}
