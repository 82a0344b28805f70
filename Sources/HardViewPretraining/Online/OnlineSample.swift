import ImageData

/// The images that an encoder is measured on while it trains: a function of the dataset and the configuration alone.
struct OnlineSample {
  /// The sample.
  let images: any ImageDataset
  /// What is trained on.
  let training: any ImageDataset

  /// Takes a sample of a dataset; nil where none is wanted, or there are too few images for one.
  init?(of dataset: any ImageDataset, _ configuration: OnlineConfiguration) {
    guard configuration.isOn else { return nil }
    let classes = Set(dataset.labels ?? []).count
    var count = min(max(configuration.images, 10 * classes), 16_384, dataset.count)
    if configuration.heldOut { count = min(count, dataset.count / 10) }
    guard count >= 2 else { return nil }
    let sample = dataset.limited(to: count, seed: 0)
    images = sample
    let heldOut = configuration.heldOut ? Set(sample.indices) : []
    training =
      heldOut.isEmpty ? dataset : Subset(dataset, indices: (0..<dataset.count).filter { !heldOut.contains($0) })
  }

  /// Epochs from one signal to the next.
  static func interval(_ configuration: OnlineConfiguration, images: Int, imagesPerEpoch: Int) -> Int {
    if configuration.everyEpochs > 0 { return configuration.everyEpochs }
    return max((20 * images + imagesPerEpoch - 1) / max(imagesPerEpoch, 1), 1)
  }
}
