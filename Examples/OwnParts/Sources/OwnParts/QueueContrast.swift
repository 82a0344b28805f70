import HardViews

/// Momentum contrast with a queue of keys (He and others 2020, arXiv 1911.05722).
final class QueueContrast: PairwiseMethod {
  struct Configuration: MethodConfiguration {
    var width = 64, queueLength = 512
    var temperature = 0.2, momentum = 0.99

    func check(with setting: MethodSetting, _ report: inout SettingReport) {
      report.requirePositive(temperature, at: CodingKeys.temperature)
      report.require(
        queueLength >= 2 * setting.batchSize, at: CodingKeys.queueLength,
        reason: "must hold the keys of a step, \(2 * setting.batchSize), not \(queueLength)")
    }
  }

  static let name = "queue-contrast"
  static let summary = "contrast of predictions with a queue of a moving-average teacher's keys"
  let networks: PredictingStudent
  let queue: Buffer
  private let configuration: Configuration

  init(_ configuration: Configuration, backbone: MakeBackbone, using generator: Generator) {
    self.configuration = configuration
    func network(_ role: BackboneRole) -> ProjectedBackbone<Sequential> {
      ProjectedBackbone(backbone(role), layers: 2, hidden: 0, output: configuration.width, using: generator)
    }
    networks = PredictingStudent(
      student: network(.trained),
      predictor: .predictor(configuration.width, hidden: configuration.width, using: generator),
      teacher: network(.teacher))
    queue = Buffer(.normal([configuration.queueLength, configuration.width], using: generator).normalized())
  }
  var encoder: any Backbone { networks.student.backbone }
  func encode(_ views: [View], for pass: Pass) -> [PredictedTarget] { networks.encode(views, for: pass) }
  func embedding(_ encoding: PredictedTarget) -> Tensor { encoding.prediction }

  func lossTerms(_ encodings: [PredictedTarget], in context: StepContext) -> LossTerms {
    let queries = encodings.map { $0.prediction.normalized() / configuration.temperature }
    let negatives = queries.map { $0.matmul(queue.value.transposed()).logSumExponential(along: 1) }
    return LossTerms(Array(encodings.indices)) { source, target in
      let positive = (queries[source] * encodings[target].target.normalized()).sum(along: 1)
      return positive.logAddingExponential(negatives[source]) - positive
    }
  }

  func joined(_ earlier: [PredictedTarget], with next: [PredictedTarget]) -> [PredictedTarget] {
    zip(earlier, next).map {
      PredictedTarget(prediction: $1.prediction, target: .concatenated([$0.target, $1.target]))
    }
  }

  func didStep(_ encodings: [PredictedTarget], in context: StepContext) {
    let keys = Tensor.concatenated(encodings.map { $0.target.normalized() } + [queue.value])
    queue.update(keys.narrowed(along: 0, from: 0, count: configuration.queueLength).contiguous())
    networks.teach(from: configuration.momentum, at: context.position)
  }
}
