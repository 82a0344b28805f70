import Foundation
import HardViewPretraining
@testable import HardViewSelection
import NeuralNetworks
import Objectives
import Optimization
import RunConfiguration
import TestSupport
import Testing
import Torch

/// What chosen views predict, and whose outputs score them.
@Suite struct TargetChoiceTests {
  private static let averaging = SmallMethods.names.filter {
    (try? SmallMethods.method($0).averagesTargets) ?? false
  }
  private static let teaching = SmallMethods.names.filter { (try? SmallMethods.method($0).hasTeacher) ?? false }

  @Test func methodsThatCanAreKnown() {
    #expect(Set(Self.averaging) == ["simsiam", "simclr", "byol", "moco-v3", "dino", "simdino"])
    #expect(Set(Self.teaching) == ["byol", "moco-v3", "dino", "ibot", "simdino"])
  }

  /// Each slot's target is the mean of all views that a target is made of, but for those that predict it.
  @Test func meansLeaveOutThePredictingView() {
    let plan = ViewPlan([
      ViewGroup("even", used: 1), ViewGroup("odd", used: 1), ViewGroup("local", used: 1, isLocal: true),
    ])
    let space = CandidateSpace(plan: plan, poolSizes: [2, 2, 2])
    // Views 0 to 3 of two images; local ones give no target.
    let values: [[Float]] = [[1, 10], [2, 20], [4, 40], [8, 80]]
    let targets = values.map { [Tensor($0, shape: [2, 1])] } + [[], []]
    // Image 0 takes views 1 and 2, image 1 views 0 and 3.
    let slots = Tensor([1, 0, 2, 3, 4, 5], shape: [3, 2])
    let means = TargetChoice.mean.ofSlots(slots, in: space, from: targets)
    // What view 2 predicts: the mean of 1, 2 and 8; and what view 1 predicts: that of 1, 4 and 8.
    #expect(means[0][0].scalars() == [Float(11) / 3, Float(70) / 3].map { $0 } as [Float])
    #expect(means[1][0].scalars() == [Float(13) / 3, Float(140) / 3].map { $0 } as [Float])
    #expect(means[2].isEmpty)
    let scored = TargetChoice.scored.ofSlots(slots, in: space, from: targets)
    #expect(scored[0][0].scalars() == [2, 10] as [Float])
    #expect(scored[1][0].scalars() == [4, 80] as [Float])
    #expect(TargetChoice.mean.ofSlots(slots, in: space, from: []).isEmpty)
  }

  /// Training on the mean gives the loss of the chosen views' predictions against the mean of the others' targets.
  @Test(arguments: averaging) func lossesAreThoseOfTheMean(name: String) throws {
    func check<Method: SelfSupervisedMethod>(_ type: Method.Type) throws {
      let method = try SmallMethods.make(type)
      let context = SmallMethods.context()
      var selection = SelectionConfiguration()
      (selection.phase, selection.targets) = (.score, .mean)
      let pool = SmallMethods.pool(for: method, sizes: selection.poolSizes(for: SmallMethods.plan(of: type)))
      let learner = try SmallMethods.learner(method, selection)
      let choice = try learner.selection.choose(from: pool, for: method, in: context)
      withoutGradients {
        let all = method.encode(pool.views, for: .scoring(.score)).map(method.targets)
        let globals = all.indices.filter { !all[$0].isEmpty }
        let table = choice.table()
        let batch = pool.batchSize
        var fresh = choice.views
        for slot in 0..<2 {
          let rows = (0..<batch).map { image in
            let kept = globals.filter { $0 != table[image][1 - slot] }
            return Tensor.stacked(kept.map { all[$0][0].narrowed(along: 0, from: image, count: 1) }).mean(along: 0)
          }
          fresh[slot].targets = [.concatenated(rows)]
        }
        let losses = [choice.views, fresh].map {
          method.sampleLosses(method.encode($0, for: .scoring(.score)), in: context)
        }
        #expect(relativeError(losses[0], losses[1]) < 1e-5)
        // They are not those of the chosen views alone.
        let plain = choice.views.map { View(group: $0.group, isLocal: $0.isLocal, pixels: $0.pixels, mask: $0.mask) }
        let others = method.sampleLosses(method.encode(plain, for: .scoring(.score)), in: context)
        #expect(relativeError(losses[0], others) > 1e-3)
      }
      #expect(try learner.train(on: choice, in: context).loss.number.isFinite)
    }
    try check(SmallMethods.method(name))
  }

  @Test(.enabled(if: Engine.hasInt8Convolutions)) func targetsAreNotOfIntegers() {
    var selection = SelectionConfiguration()
    (selection.targets, selection.scoring.precision) = (.mean, .int8)
    let setting = SelectionSetting(
      plan: .pair, recipes: [], backbone: SmallMethods.backbone(for: BYOL.self), threads: 1, dtype: .float32,
      method: MethodTraits(BYOL.self))
    #expect(selection.problem(in: setting)?.path == "selection.targets")
    selection.scoring.precision = .bf16
    #expect(selection.problem(in: setting) == nil)
  }

  /// The contrast with a given positive, image by image: negatives are the other images in the same two slots.
  @Test func simCLRTakesGivenPositives() throws {
    let method = try SmallMethods.make(SimCLR.self)
    let temperature = SimCLR.Configuration().temperature
    func random(_ seed: UInt64) -> Tensor { .normal([5, 16], using: Generator(seed: seed)) }
    let (views, targets) = ([random(1), random(2)], [random(3), random(4)])
    let losses = method.sampleLosses(
      zip(views, targets).map { SimCLR.Encoding(projection: $0, target: $1) }, in: SmallMethods.context(batch: 5)
    ).scalars(as: Double.self)
    let z = views.map { $0.normalized().scalars(as: Double.self) }
    let t = targets.map { $0.normalized().scalars(as: Double.self) }
    func similarity(_ a: [Double], _ image: Int, _ b: [Double], _ other: Int) -> Double {
      (0..<16).reduce(0) { $0 + a[image * 16 + $1] * b[other * 16 + $1] } / temperature
    }
    for image in 0..<5 {
      var expected = 0.0
      for source in 0..<2 {
        let positive = similarity(z[source], image, t[1 - source], image)
        var sum = exp(positive)
        for other in 0..<5 where other != image {
          for view in z { sum += exp(similarity(z[source], image, view, other)) }
        }
        expected += (log(sum) - positive) / 2
      }
      #expect(abs(losses[image] - expected) < 1e-4)
    }
  }

  /// A teacher that equals the student, and no predictor between them, ranks as the student does.
  @Test func teachersScoreAsStudentsThatEqualThem() throws {
    let method = try SmallMethods.make(SimDINO.self)
    let context = SmallMethods.context()
    let space = CandidateSpace(plan: SmallMethods.plan(of: SimDINO.self), poolSizes: [2, 2, 4])
    let pool = SmallMethods.pool(for: method, sizes: space.poolSizes)
    let pass = ScoringPass(phase: .score)
    let scores = [ScoringConfiguration.Network.student, .teacher].map {
      LossScorer(pass, by: $0).score(pool, in: space, method: method, context: context).scores.scores(in: space)
    }
    #expect(relativeError(scores[1], scores[0]) < 1e-5)
  }

  /// Learnability is the student's loss minus the teacher's.
  @Test(arguments: teaching) func learnabilityIsTheExcessOverTheTeacher(name: String) throws {
    func check<Method: SelfSupervisedMethod>(_ type: Method.Type) throws {
      let method = try SmallMethods.make(type)
      let context = SmallMethods.context()
      let space = CandidateSpace(
        plan: SmallMethods.plan(of: type), poolSizes: SmallMethods.plan(of: type).groups.map { $0.used + 1 })
      let pool = SmallMethods.pool(for: method, sizes: space.poolSizes)
      let pass = ScoringPass(phase: .score)
      func scores(_ scorer: LossScorer) -> Tensor {
        scorer.score(pool, in: space, method: method, context: context).scores.scores(in: space)
      }
      let expected = scores(LossScorer(pass)) - scores(LossScorer(pass, by: .teacher))
      let actual = scores(LossScorer(pass, of: .learnability))
      #expect((actual - expected).magnitude().maximum(along: 0, 1).number < 1e-5)
    }
    try check(SmallMethods.method(name))
  }

  /// Scoring by the teacher changes nothing, and gives what training then uses instead of running the teacher again.
  @Test(arguments: teaching) func teachersScoreAlone(name: String) throws {
    func check<Method: SelfSupervisedMethod>(_ type: Method.Type) throws {
      let method = try SmallMethods.make(type)
      var selection = SelectionConfiguration()
      (selection.phase, selection.localCandidates, selection.scoring.network) = (.score, 4, .teacher)
      if Method.averagesTargets { selection.targets = .scored }
      let pool = SmallMethods.pool(for: method, sizes: selection.poolSizes(for: SmallMethods.plan(of: type)))
      let before = method.namedState().map { $0.entry.value.scalars(as: Float.self) }
      let learner = try SmallMethods.learner(method, selection)
      let choice = try learner.selection.choose(from: pool, for: method, in: SmallMethods.context())
      #expect(method.namedState().map { $0.entry.value.scalars(as: Float.self) } == before)
      #expect(choice.views.allSatisfy { $0.isLocal || !$0.targets.isEmpty })
      let scores = try #require(choice.scores).values.scores(in: learner.selection.space)
      #expect(scores.isFinite().converted(to: .float32).mean().number == 1)
      #expect(scores.standardDeviation(along: 0).minimum(along: 0).number > 0)
      #expect(try learner.train(on: choice, in: SmallMethods.context()).loss.number.isFinite)
    }
    try check(SmallMethods.method(name))
  }
}
