import HardViewPretraining
import HardViewSelection
import MethodConformance
import NeuralNetworks
import Objectives
import RunConfiguration
import Testing
import Torch

/// What every method promises, over all that come with the package.
@Suite struct MethodConformanceTests {
  @Test(arguments: SmallMethods.names, ConformanceProperty.allCases)
  func methodsKeepTheirPromises(name: String, property: ConformanceProperty) throws {
    func check<Method: SelfSupervisedMethod>(_ type: Method.Type) throws {
      let conformance = MethodConformance(type, configuration: try SmallMethods.configuration(type))
      #expect(try conformance.failures(of: property) == [])
    }
    try check(SmallMethods.method(name))
  }

  @Test func namesAreUniqueAndFound() throws {
    #expect(Set(SmallMethods.names).count == SmallMethods.names.count)
    for name in SmallMethods.names { #expect(try Components.standard.method(named: name).name == name) }
    let error = #expect(throws: ConfigurationError.self) { try Components.standard.method(named: "simsam") }
    #expect("\(error!)".contains("Did you mean 'simsiam'?"))
  }

  /// Transformers' targets are used again, which do not depend on the batch.
  @Test(arguments: SmallMethods.names) func targetsAreUsedAgainWhereTheyCanBe(name: String) throws {
    func check<Method: SelfSupervisedMethod>(_ type: Method.Type) throws {
      let method = try SmallMethods.make(type)
      var selection = SelectionConfiguration()
      (selection.phase, selection.localCandidates) = (.score, 4)
      let views = try SmallMethods.selection(selection, for: type).choose(
        from: SmallMethods.pool(for: method, sizes: selection.poolSizes(for: SmallMethods.plan(of: type))),
        for: method, in: SmallMethods.context()
      ).views
      #expect(views.contains { !$0.targets.isEmpty } == ["dino", "ibot", "simdino"].contains(name))
    }
    try check(SmallMethods.method(name))
  }

  /// Methods that break a promise are found out, and what they break is named.
  @Test func brokenPromisesAreNamed() throws {
    let error = #expect(throws: ConformanceError.self) { try MethodConformance.check(ForgetfulMethod.self) }
    let text = "\(try #require(error))"
    for property in [ConformanceProperty.scoringChangesNothing, .lossesFollowTheImages, .gradientsReachWhatIsTrained] {
      #expect(text.contains(property.rawValue), "\(property) is not in\n\(text)")
    }
  }

  @Test func lossesThatKnowOtherImagesAreFoundOut() throws {
    let conformance = MethodConformance(CoveredContrast.self)
    #expect(try conformance.failures(of: .lossesAreTheImagesOwn).count == 1)
    #expect(try conformance.failures(of: .lossesFollowTheImages) == [])
  }
}

/// A contrast with the other images that does not say so.
private final class CoveredContrast: SelfSupervisedMethod {
  struct Configuration: MethodConfiguration {}
  static let name = "covered-contrast"
  static let summary = "says that losses are the images' own"
  let encoder: any Backbone

  init(_ configuration: Configuration, backbone: MakeBackbone, using generator: Generator) {
    encoder = backbone(.trained)
  }

  func encode(_ views: [View], for pass: Pass) -> [Tensor] {
    views.map { encoder($0.pixels, in: pass.phase).normalized() }
  }

  func sampleLosses(_ encodings: [Tensor], in context: StepContext) -> Tensor {
    encodings[0].matmul(encodings[1].transposed()).crossEntropy(labels: Tensor.range(encodings[0].shape[0]))
  }

  func embedding(_ encoding: Tensor) -> Tensor { encoding }
}

/// A method that breaks promises: it counts while encoding, its loss is one number for all images, and a head of its own
/// takes no part.
private final class ForgetfulMethod: SelfSupervisedMethod {
  struct Configuration: MethodConfiguration {}
  static let name = "forgetful"
  static let summary = "breaks promises"
  let encoder: any Backbone
  let idle: Linear
  let count = Buffer(.zeros([1]))

  init(_ configuration: Configuration, backbone: MakeBackbone, using generator: Generator) {
    encoder = backbone(.trained)
    idle = Linear(4, 4, using: generator)
  }

  func encode(_ views: [View], for pass: Pass) -> [Tensor] {
    count.update(count.value + 1.0)
    return views.map { encoder($0.pixels, in: pass.phase) }
  }

  func sampleLosses(_ encodings: [Tensor], in context: StepContext) -> Tensor {
    (encodings[0] * encodings[1]).mean().expanded(to: [encodings[0].shape[0]])
  }

  func embedding(_ encoding: Tensor) -> Tensor { encoding }
}
