import ImageData
import NeuralNetworks
import Torch
import Views

/// Features of a labelled set of images.
public struct LabelledFeatures {
  /// `[images, features]`, float32.
  public var features: Tensor
  /// A class for each image.
  public var labels: [Int]
  /// What the classes are called, in the order of their numbers, where that is known.
  public var classNames: [String]?

  /// Pairs features with labels.
  public init(features: Tensor, labels: [Int], classNames: [String]? = nil) {
    precondition(features.shape[0] == labels.count, "\(labels.count) labels for features \(features.shape)")
    self.features = features
    self.labels = labels
    self.classNames = classNames
  }

  /// The number of images.
  public var count: Int { labels.count }

  /// The images at some positions.
  public func subset(_ positions: [Int]) -> LabelledFeatures {
    LabelledFeatures(
      features: features.selecting(Tensor(positions)), labels: positions.map { labels[$0] }, classNames: classNames)
  }
}

/// Evaluation needs classes, and the data has none.
public struct MissingLabelsError: Error, CustomStringConvertible {
  /// The data, in words.
  public let data: String

  /// Names the data.
  package init(data: String) { self.data = data }

  /// One paragraph: what is missing and how to provide it.
  public var description: String {
    "\(data) has no labels, and evaluation needs them. Put the images of each class into a folder of its own "
      + "(DATA/CLASS/…, or DATA/train/CLASS/… and DATA/test/CLASS/…), or pass another --data."
  }
}

/// Runs a backbone over every image of a dataset, in order, with running statistics and without gradients; of several
/// workers, each over a part.
///
/// Images that cannot be decoded are left out and recorded in `skipped`.
/// - Throws: `MissingLabelsError`, `LoaderError`, `TorchError` when memory runs out.
public func extractFeatures(
  of dataset: any ImageDataset, with backbone: any Backbone, transform: EvaluationTransform, threads: Int,
  skipped: SkippedImages, dtype: DType = .float32, batchSize: Int = 256
) throws -> LabelledFeatures {
  let pass = DividedPass()
  let loader = EvaluationLoader(
    dataset: dataset, part: pass.part, transform: transform, batchSize: batchSize, threads: threads, skipped: skipped)
  guard let labels = dataset.labels else { throw MissingLabelsError(data: dataset.summary) }
  let (indices, tables) = try pass.all(of: dataset, skipped: skipped) {
    var (indices, batches): ([Int], [Tensor]) = ([], [])
    try loader.forEachBatch { batch in
      let shape = [batch.indices.count, transform.crop, transform.crop, transform.channels]
      let pixels = Tensor(borrowing: batch.pixels.bytes(), shape: shape, dtype: .float32, owner: batch.pixels)
      batches.append(try backbone.frozenFeatures(of: pixels, dtype: dtype))
      indices += batch.indices
    }
    return (indices, [batches])
  }
  return LabelledFeatures(features: tables[0], labels: indices.map { labels[$0] }, classNames: dataset.classNames)
}

extension Backbone {
  /// Features of images `[images, height, width, channels]` with running statistics and without gradients, as float32.
  /// - Throws: `TorchError` when memory runs out.
  func frozenFeatures(of pixels: Tensor, dtype: DType) throws -> Tensor {
    try throwingExhaustion {
      withoutGradients {
        withAutocast(to: dtype) { self(pixels.permuted([0, 3, 1, 2]), in: .evaluate) }.converted(to: .float32)
      }
    }
  }
}
