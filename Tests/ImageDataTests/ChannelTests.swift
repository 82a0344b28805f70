import Foundation
import Testing
import Views

@testable import ImageData

/// Images of any number of channels, from the file to the batch.
@Suite struct ChannelTests {
  @Test(arguments: ImageFixtures.channels) func tiffsKeepTheirChannels(name: String, count: Int) throws {
    let path = ImageFixtures.path(name)
    let options = DecodingOptions(channels: count)
    let truth = try ImageFixtures.channelTruth(of: name)
    #expect(truth.channels == count)
    #expect(try ImageDecoder.decode(contentsOf: path, options: options) == truth)
    // Unless it is asked for, what lies beside colors is none of them.
    let plain = try ImageDecoder.decode(contentsOf: path)
    if name.contains("-4-") {
      #expect(plain.channels == 3)
      let colors = (0..<3).map { truth.plane($0).pixels }
      let interleaved = colors[0].indices.flatMap { place in colors.map { $0[place] } }
      #expect(plain.pixels == interleaved)
    } else {
      #expect(plain == truth)
    }
  }

  @Test(arguments: ImageFixtures.channels) func partsAreThoseOfTheWhole(name: String, count: Int) throws {
    let options = DecodingOptions(channels: count)
    let image = try EncodedImage(contentsOf: ImageFixtures.path(name), options: options)
    let truth = try ImageFixtures.channelTruth(of: name)
    let box = CropBox(top: 5, left: 17, height: 13, width: 9)
    let part = try image.pixels(PixelNeed(box: box))
    #expect(part.top == 5 && part.left == 17 && part.image.shape == [9, 13, count])
    for row in 0..<13 {
      let start = ((5 + row) * truth.width + 17) * count
      #expect(part.image.pixels[row * 9 * count..<(row + 1) * 9 * count] == truth.pixels[start..<start + 9 * count])
    }
  }

  @Test(arguments: [
    "gray-16bit.png", "rgb-16bit.png", "gray-alpha-16bit.png", "rgba-16bit.png", "gray-16bit.tif", "rgb-16bit.tif",
  ])
  func sixteenBitsAreScaled(name: String) throws {
    let options = DecodingOptions(sixteenBitRange: 3000...41000)
    let image = try ImageDecoder.decode(contentsOf: ImageFixtures.path(name), options: options)
    #expect(try image == ImageFixtures.channelTruth(of: "\(name).range"))
  }

  @Test func eightBitsAreNotScaled() throws {
    let options = DecodingOptions(sixteenBitRange: 3000...41000)
    for name in ["rgb.png", "rgb.tif", "gray.tif", "rgb-420.jpg"] {
      let path = ImageFixtures.path(name)
      #expect(try ImageDecoder.decode(contentsOf: path, options: options) == ImageDecoder.decode(contentsOf: path))
    }
  }

  @Test func theLimitIsOnValues() throws {
    let path = ImageFixtures.path("channels-6-tiles.tif")
    let pixels = 31 * 23
    #expect(throws: ImageError(path: path, problem: .tooManyPixels(width: 31, height: 23, limit: 2 * pixels - 1))) {
      try ImageDecoder.decode(contentsOf: path, options: DecodingOptions(pixelLimit: 2 * pixels - 1))
    }
    #expect(throws: Never.self) {
      try ImageDecoder.decode(contentsOf: path, options: DecodingOptions(pixelLimit: 2 * pixels))
    }
  }

  @Test func turnsEveryChannel() throws {
    let truth = try ImageFixtures.channelTruth(of: "channels-5.tif")
    for orientation in Orientation.allCases {
      let turned = orientation.upright(ImagePart(truth)).image
      #expect(turned.channels == 5)
      for channel in 0..<5 {
        #expect(turned.plane(channel) == orientation.upright(ImagePart(truth.plane(channel))).image)
      }
    }
  }

  // MARK: Batches

  private func folder(_ names: [String]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for name in names { try folder.write(ImageFixtures.bytes(name), to: name) }
    return folder
  }

  @Test func batchesHaveTheChannelsOfTheImages() throws {
    let folder = try folder(["channels-6-tiles.tif", "channels-6-planes.tif"])
    let dataset = try folder.open()
    let recipe = ViewRecipe(
      size: 8, jitter: JitterRecipe(saturation: 0, hue: 0), grayscaleProbability: 0,
      normalization: Normalization(mean: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], standardDeviation: [0.25]))
    let configuration = LoaderConfiguration(batchSize: 2, threads: 0, channels: 6)
    let skipped = SkippedImages(maximumShare: 0)
    let loader = ViewLoader(
      dataset: dataset, groups: [DrawnViews(recipe, count: 2)], configuration: configuration, skipped: skipped)
    loader.startEpoch(0)
    let batch = try #require(try loader.next())
    #expect(batch.channels == 6 && batch.groups[0].pixels.count == 2 * 2 * 8 * 8 * 6)
    let renderer = ViewRenderer(recipe: recipe, channels: 6)
    for (slot, index) in batch.indices.enumerated() {
      var expected = [Float](repeating: 0, count: renderer.elementCount)
      var scratch = RenderScratch()
      let image = ImagePart(try dataset.image(at: index))
      expected.withUnsafeMutableBytes {
        renderer.render(image, batch.groups[0].parameters[1][slot], into: $0, scratch: &scratch)
      }
      let start = (2 + slot) * renderer.elementCount
      let bytes = batch.groups[0].pixels.bytes(from: start, count: renderer.elementCount)
      #expect(Array(bytes.bindMemory(to: Float.self)) == expected)
    }
  }

  @Test func imagesOfOtherChannelsAreSkippedAndNamed() throws {
    let folder = try folder(["rgb.png", "channels-5.tif", "gray.png"])
    let dataset = try folder.open()
    let transform = EvaluationTransform(
      resize: 8, crop: 8, interpolation: .bilinear, normalization: .imageNet, channels: 3)
    let skipped = SkippedImages(maximumShare: 0.5)
    let loader = EvaluationLoader(
      dataset: dataset, transform: transform, batchSize: 4, threads: 0, skipped: skipped)
    var indices: [Int] = []
    try loader.forEachBatch { indices += $0.indices }
    #expect(indices.map { dataset.name(at: $0).hasSuffix(".png") } == [true, true])
    #expect(skipped.records.map(\.name) == ["\(folder.path)/channels-5.tif"])
    #expect(skipped.records[0].reason.hasPrefix("it has 5 channels and 3 are wanted"))
  }

  @Test func packedFilesKeepChannels() throws {
    let folder = try folder(["channels-6-tiles.tif", "channels-6-planes.tif"])
    let dataset = try folder.open()
    var options = PackingOptions()
    options.container = .packed
    _ = try Packing.pack(train: dataset, test: nil, to: folder.path + "-indexes.hvpack", options: options)
    defer { try? FileManager.default.removeItem(atPath: folder.path + "-indexes.hvpack") }
    let packed = try Datasets.open(path: folder.path + "-indexes.hvpack", split: .train)
    #expect(packed.summary.hasPrefix("2 6-channel images"))
    for index in 0..<2 { #expect(try packed.image(at: index) == dataset.image(at: index)) }

    options.container = .shards
    options.resize = 8
    let report = try Packing.pack(
      train: folder.open(), test: nil, to: folder.path + "/out",
      options: PackingOptions())
    #expect(report.trainImages == 2)
    #expect(throws: PackingError.self) {
      try Packing.pack(train: folder.open(), test: nil, to: folder.path + "/small", options: options)
    }
  }
}

extension Image {
  /// One channel as a gray image.
  fileprivate func plane(_ channel: Int) -> Image {
    Image(
      width: width, height: height, channels: 1,
      pixels: (0..<width * height).map { pixels[$0 * channels + channel] })
  }
}
