import Checkpoints
import Foundation
@testable import RepresentationEvaluation
import Statistics
import TestSupport
import Testing
import Torch

/// Protocols against scikit-learn, SciPy and DINO's published k-NN, as `scripts/make_evaluation_fixtures.py` ran them.
@Suite struct ProtocolReferenceTests {
  let fixture: Checkpoint
  let train: LabelledFeatures
  let test: LabelledFeatures

  init() throws {
    fixture = try Fixtures.open("evaluation.safetensors")
    train = LabelledFeatures(
      features: try fixture.tensor("train"), labels: try fixture.tensor("train_labels").scalars(as: Int.self))
    test = LabelledFeatures(
      features: try fixture.tensor("test"), labels: try fixture.tensor("test_labels").scalars(as: Int.self))
  }

  private func numbers(_ name: String) throws -> [Double] { try fixture.tensor(name).scalars(as: Double.self) }

  @Test func nearestNeighboursAreThoseOfScikitLearnAndDINO() throws {
    var neighbours = NearestNeighbours()
    neighbours.neighbours = [1, 5, 20, 200]
    for vote in try neighbours.evaluate(train: train, test: test).votes {
      #expect(try vote.outcomes.correctness == numbers("knn.\(vote.neighbours)"))
      let published = try numbers("dino.\(vote.neighbours)")
      #expect(abs(vote.accuracy.top1 - published[0]) < 1e-9)
      // All classes are among 200 neighbors; among fewer, DINO's five guesses include classes without a vote.
      if vote.neighbours == 200 { #expect(abs(vote.accuracy.top5 - published[1]) < 1e-9) }
    }
  }

  @Test(arguments: [("0.1", 0.1), ("10", 10)])
  func logisticRegressionIsThatOfScikitLearn(name: String, inverseRegularization: Double) throws {
    let classifier = LogisticRegression(inverseRegularization: inverseRegularization)
      .fit(train.features, labels: train.labels, classes: 7)
    let probabilities = classifier.scores(of: test.features).softmax()
    #expect(relativeError(probabilities, try fixture.tensor("logistic.\(name)")) < 1e-4)
  }

  /// SGD ends near the optimum: within three points of scikit-learn's on 200 images.
  @Test func linearProbeIsNearLogisticRegression() throws {
    var probe = LinearProbe()
    (probe.learningRates, probe.batchNormalization, probe.batchSize, probe.epochs) = ([1], [true], 128, 25)
    let expected = try numbers("probe")[0]
    #expect(abs(try probe.evaluate(train: train, test: test).test.top1 - expected) <= 0.03)
  }

  @Test func retrievalIsThatOfScikitLearn() throws {
    let precisions = try numbers("precision")
    let result = try Retrieval().evaluate(train: train, test: test)
    #expect(abs(result.meanAveragePrecision - precisions.reduce(0, +) / Double(precisions.count)) < 1e-6)
    #expect((result.gallery, result.queries, result.queriesWithoutMatch) == (420, 200, 0))
    #expect(result.interval.lower < result.meanAveragePrecision && result.meanAveragePrecision < result.interval.upper)
  }

  @Test(arguments: [1, 50]) func outliersAreThoseOfScikitLearn(neighbour: Int) throws {
    let outliers = try fixture.tensor("outliers")
    var detection = OutlierDetection()
    detection.neighbour = neighbour
    let result = try detection.evaluate(
      train: train, test: test,
      outliers: LabelledFeatures(features: outliers, labels: Array(repeating: 0, count: outliers.shape[0])))
    let expected = try numbers("outliers.\(neighbour)")
    #expect(abs(result.auroc - expected[0]) < 1e-4)
    #expect(abs(result.falsePositiveRate - expected[1]) < 1e-9)
    for measure in result.measures {
      let interval = try #require(measure.interval)
      #expect(interval.lower <= measure.value && measure.value <= interval.upper && interval.lower < interval.upper)
    }
  }

  @Test func intervalsOfSharesAreThoseOfSciPy() throws {
    for row in try fixture.tensor("wilson").rows(as: Double.self) {
      let interval = ConfidenceInterval.wilson(Int(row[0]), of: Int(row[1]))
      #expect(abs(interval.lower - row[2]) < 1e-9 && abs(interval.upper - row[3]) < 1e-9)
    }
  }
}
