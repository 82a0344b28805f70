import Foundation
import ImageData
import Views

/// Times the making of views, as asked for on standard input: each line is a `Request`, answered by a `Measurement`.
///
/// With the argument `recipe` it prints the default recipe instead. `scripts/bench-views` asks.
@main struct ViewBenchmarks {
  static func main() throws {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = .sortedKeys
    if CommandLine.arguments.dropFirst().first == "recipe" {
      print(String(decoding: try encoder.encode(ViewRecipe()), as: UTF8.self))
      return
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    while let line = readLine() {
      let request = try decoder.decode(Request.self, from: Data(line.utf8))
      for group in request.groups { try group.recipe.validate(at: request.row) }
      print(String(decoding: try encoder.encode(try measure(request)), as: UTF8.self))
    }
  }

  private static func measure(_ request: Request) throws -> Measurement {
    let timing = Timing(row: request.row, seconds: request.seconds)
    if request.work == .copy { return measureCopy(timing) }
    let files = try Datasets.open(path: request.images, format: .folder, split: .train)
    switch request.work {
    case .render, .renderSmall: return try measureRendering(of: DecodedImages(files), request, timing)
    case .load: return try measureLoading(of: files, request, timing)
    case .loadDecoded: return try measureLoading(of: DecodedImages(files), request, timing)
    case .decode, .copy: return try measureDecoding(of: files, timing)
    }
  }

  private static func measureRendering(
    of decoded: DecodedImages, _ request: Request, _ timing: Timing
  ) -> Measurement {
    let isSmall = request.work == .renderSmall
    var rendering = Rendering(decoded.images, groups: request.groups, seed: request.seed, isSmall: isSmall)
    defer { rendering.end() }
    let inFull = isSmall ? request.groups.map { ViewRenderer(recipe: $0.recipe, channels: 3) } : []
    return timing.measure { rendering.renderSome(again: isSmall ? 2 : 0, by: inFull) }
  }

  private static func measureLoading(
    of dataset: any ImageDataset, _ request: Request, _ timing: Timing
  ) throws -> Measurement {
    // An epoch goes through the images often enough to be long, in batches of a common size.
    let repeated = Subset(dataset, indices: (0..<8 * dataset.count).map { $0 % dataset.count })
    let loader = ViewLoader(
      dataset: repeated, groups: request.groups.map { DrawnViews($0.recipe, count: $0.count) },
      configuration: LoaderConfiguration(batchSize: 16, threads: request.threads, seed: request.seed),
      skipped: SkippedImages(maximumShare: 0))
    var epoch = 0
    loader.startEpoch(epoch)
    return try timing.measure(warmUps: 4) {
      while true {
        guard let batch = try loader.next() else {
          epoch += 1
          loader.startEpoch(epoch)
          continue
        }
        let views = batch.groups.map(\.drawn.count).reduce(0, +) * batch.indices.count
        return Amount(
          images: batch.indices.count, views: views, bytes: batch.groups.map { 4 * $0.pixels.count }.reduce(0, +))
      }
    }
  }

  private static func measureDecoding(of files: any ImageDataset, _ timing: Timing) throws -> Measurement {
    try timing.measure {
      var amount = Amount(images: files.count)
      for index in 0..<files.count { amount.bytes += try files.image(at: index).pixels.count }
      return amount
    }
  }

  private static func measureCopy(_ timing: Timing) -> Measurement {
    let bytes = 256 << 20
    let source = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    let destination = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    defer {
      source.deallocate()
      destination.deallocate()
    }
    memset(source, 1, bytes)
    return timing.measure {
      memcpy(destination, source, bytes)
      return Amount(bytes: bytes)
    }
  }
}
