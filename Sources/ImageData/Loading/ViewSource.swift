import Views

/// Fills batches with views.
struct ViewSource: BatchSource {
  struct Sample {
    let index: Int
    /// `[group][view]`.
    let parameters: [[ViewParameters]]
    let image: ImagePart?
    let times: LoadingTimes
  }

  let images: SkippingImages
  let fingerprints: ImageFingerprints?
  let groups: [DrawnViews]
  let configuration: LoaderConfiguration
  let renderers: [ViewRenderer]
  /// Values of one image in the groups before each one.
  let groupStarts: [Int]
  let valuesPerImage: Int

  init(
    images: SkippingImages, fingerprints: ImageFingerprints?, groups: [DrawnViews], configuration: LoaderConfiguration
  ) {
    self.images = images
    self.fingerprints = fingerprints
    self.groups = groups
    self.configuration = configuration
    renderers = groups.map {
      ViewRenderer(
        recipe: $0.recipe, channels: configuration.channels, size: $0.size, format: configuration.format)
    }
    var starts: [Int] = []
    var values = 0
    for (group, renderer) in zip(groups, renderers) {
      starts.append(values)
      values += group.renderedCount * renderer.elementCount
    }
    groupStarts = starts
    valuesPerImage = values
  }

  var format: PixelFormat { configuration.format }
  var repeats: Bool { true }
  var batchSize: Int { configuration.batchSize }
  var part: BatchPart { configuration.part }
  var imagesPerEpoch: Int {
    let count = images.dataset.count
    return configuration.dropsLast ? count - count % batchSize : count
  }
  var batchesPerEpoch: Int { (imagesPerEpoch + batchSize - 1) / batchSize }

  func order(ofEpoch epoch: Int) -> [Int] {
    var random = ViewRandom(
      seed: configuration.seed, epoch: epoch, sample: 0, view: 0, stream: RandomStream.epochOrder)
    return EpochOrder.order(
      count: images.dataset.count, weights: configuration.weights, shards: images.dataset.shards,
      buffer: configuration.shuffleBuffer, using: &random)
  }

  func fill(
    _ place: BatchPlace, of pixels: PixelBuffer, scratch: inout RenderScratch
  ) throws(LoaderError) -> Sample {
    var watch = Stopwatch()
    return try images.useFirst(from: place.index) { index, source throws(ImageError) in
      fingerprints?.look(at: source, index: index)
      var times = LoadingTimes()
      times.reading = watch.lap()
      let parameters = groups.enumerated().map { group, drawn in
        drawn.parameters(
          group: group, seed: configuration.seed, epoch: place.epoch, sample: index, width: source.width,
          height: source.height)
      }
      let part = try source.pixels(need(of: parameters))
      try part.image.checkChannels(configuration.channels, name: images.dataset.name(at: index))
      times.decoding = watch.lap()
      for (group, views) in parameters.enumerated() where groups[group].isRendered {
        let renderer = renderers[group]
        for (view, drawn) in views.enumerated() {
          let start =
            groupStarts[group] * place.batchCount + (view * place.batchCount + place.slot) * renderer.elementCount
          renderer.render(
            part, drawn, into: pixels.bytes(from: start, count: renderer.elementCount), scratch: &scratch)
        }
      }
      times.rendering = watch.lap()
      return Sample(
        index: index, parameters: parameters, image: configuration.keepsImages ? part : nil, times: times)
    }
  }

  /// What all views of an image need together, at the size of their recipes.
  private func need(of parameters: [[ViewParameters]]) -> PixelNeed {
    zip(groups, parameters).map { group, views in
      PixelNeed(crops: views.map(\.crop), size: group.recipe.size, margin: configuration.decodingMargin)
    }.reduce(nil) { (all: PixelNeed?, need) in all?.union(need) ?? need }!
  }

  /// The batch as it is handed over.
  func batch(_ pending: PendingBatch<Sample>, waited: Double) -> ViewBatch {
    let samples = pending.samples.map { $0! }
    var times = samples.reduce(LoadingTimes()) { $0 + $1.times }
    times.waiting = waited
    let loaded = groups.indices.map { group in
      ViewBatch.Group(
        drawn: groups[group],
        parameters: (0..<groups[group].count).map { view in samples.map { $0.parameters[group][view] } },
        pixels: pending.pixels.part(
          from: groupStarts[group] * samples.count,
          count: groups[group].renderedCount * samples.count * renderers[group].elementCount))
    }
    return ViewBatch(
      step: pending.position.batch, epoch: pending.position.epoch, seed: configuration.seed,
      indices: samples.map(\.index), groups: loaded, channels: configuration.channels,
      times: times, images: samples.compactMap(\.image))
  }
}
