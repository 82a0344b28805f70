import RepresentationEvaluation
import Torch

/// Features of images around one direction a class, the classes in turn.
func clusters(_ perClass: Int, seed: UInt64, spread: Double, classes: Int = 4) -> LabelledFeatures {
  let labels = (0..<perClass * classes).map { $0 % classes }
  let centers = Tensor(labels).oneHot(classes: classes).converted(to: .float32)
  let noise = Tensor.normal([labels.count, classes], standardDeviation: spread, using: Generator(seed: seed))
  return LabelledFeatures(features: centers + noise, labels: labels)
}
