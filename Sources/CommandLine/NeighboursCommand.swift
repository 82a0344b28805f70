import ArgumentParser
import AtomicFiles
import Encoders
import Foundation
import HardViewPretraining
import ImageData
import Pictures
import RunConfiguration
import RunRecords
import Torch
import Views

/// `hardviews neighbours`.
struct NeighboursCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "neighbours", abstract: "Show which images an encoder finds most alike.",
    discussion: """
      hardviews neighbours runs/my PHOTOS cat.jpg dog.jpg -k 8 --picture neighbours.png
      hardviews neighbours runs/my PHOTOS cats/7.jpg --json      # an image of PHOTOS, by the end of its name
      """)

  @OptionGroup var encoder: EncoderArguments

  @ArgumentParser.Argument(help: "Images as `pretrain` takes them, labelled or not.")
  var data: String

  @ArgumentParser.Argument(help: "Image files, or names of images of the data.")
  var queries: [String]

  @Option(name: .customShort("k"), help: "How many neighbors of each image.")
  var count = 10

  @Option(help: "Which part of the images: train or test.")
  var split = DataSplit.train

  @Option(help: "A picture of images and neighbors (PNG); an existing file is replaced.")
  var picture: String?

  @Flag(help: "Print JSON.")
  var json = false

  @Option(help: "Where to compute: cpu or cuda.")
  var device = DeviceChoice.cpu

  /// An image that was asked for, and what is near it.
  private struct Answer: Encodable {
    var query: String
    var neighbours: [Neighbour]
  }

  func validate() throws {
    guard (1...1000).contains(count) else { throw ValidationError("-k goes from 1 to 1000.") }
    guard !queries.isEmpty else { throw ValidationError("Name at least one image.") }
    let room = NeighbourSheet.largestSide
    guard picture == nil || max(count, queries.count) <= room else {
      throw ValidationError("--picture has room for \(room) images and \(room) neighbors of each. Ask for fewer.")
    }
  }

  func run() throws {
    try device.use {
      let encoder = try encoder.open()
      Engine.setThreadCount(encoder.threads)
      let dataset = try encoder.open(data, split: split)
      Watching.opened(dataset, as: "Among")
      // Queries come first, so that a mistake shows before all images are read.
      let places = try queries.map { try place(of: $0, in: dataset) }
      let asked = try zip(queries, places).map { query, place in
        guard let place else { return try encoder.embed(files: [Self.absolute(query)]) }
        return try encoder.embed(Subset(dataset, indices: [place]))
      }
      let all = try encoder.embed(dataset, onSkip: Watching.skipped)
      let answers = try zip(queries, asked).map { query, features in
        Answer(query: query, neighbours: try all.neighbours(of: features, count: count)[0])
      }
      if json { try printJSON(answers) } else { printTables(answers) }
      if let picture {
        let tiles = try zip(answers, zip(places, asked)).map { answer, query in
          (
            query: NeighbourSheet.Tile(
              caption: URL(filePath: answer.query).lastPathComponent,
              image: try query.0.map { try dataset.image(at: $0).visible }
                ?? ImageDecoder.decode(contentsOf: query.1.names[0]).visible),
            neighbours: try answer.neighbours.map { try tile(of: $0, in: dataset) }
          )
        }
        let title = "Nearest images by \(URL(filePath: encoder.name).lastPathComponent)"
        try AtomicFile.write(NeighbourSheet(title: title, rows: tiles).drawn().png(), to: picture)
        remark("\(picture) shows \(quantity(answers.count, "image")) and what is near.")
      }
    }
  }

  private static func absolute(_ path: String) -> String { VisionEncoder.absolutePath(of: path) }

  /// Where an image of the data is; nil for another file.
  private func place(of query: String, in dataset: any ImageDataset) throws -> Int? {
    let isFile = FileManager.default.fileExists(atPath: Self.absolute(query))
    let path = Self.absolute(query)
    let end = URL(filePath: path).lastPathComponent
    var ends: [Int] = []
    for index in 0..<dataset.count {
      let name = dataset.name(at: index)
      if name == query || (isFile && name.hasSuffix(end) && Self.absolute(name) == path) { return index }
      if !isFile, name.hasSuffix("/" + query) { ends.append(index) }
    }
    if isFile || ends.count == 1 { return ends.first }
    guard ends.isEmpty else {
      throw ValidationError(
        "'\(query)' is the end of \(ends.count) names, such as \(dataset.name(at: ends[0])) and "
          + "\(dataset.name(at: ends[1])). Give more of the name.")
    }
    throw ValidationError(
      "'\(query)' is no file and no image of \(data), whose images have names such as \(dataset.name(at: 0)).")
  }

  private func tile(of neighbour: Neighbour, in dataset: any ImageDataset) throws -> NeighbourSheet.Tile {
    NeighbourSheet.Tile(
      caption: "\(String(format: "%.3f", neighbour.similarity))  \(URL(filePath: neighbour.name).lastPathComponent)",
      image: try dataset.image(at: neighbour.index).visible)
  }

  private func printTables(_ answers: [Answer]) {
    for answer in answers {
      print(answer.query)
      var table = Table(columns: [.right("cosine"), .left("image")])
      for neighbour in answer.neighbours {
        table.addRow([String(format: "%.4f", neighbour.similarity), neighbour.name])
      }
      print(table.text)
    }
  }

  private func printJSON(_ answers: [Answer]) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(answers), as: UTF8.self))
  }
}
