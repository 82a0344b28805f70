import ImageData
import NeuralNetworks
import Optimization
import Testing
import Torch
import Views

@testable import HardViewPretraining
@testable import HardViewSelection
@testable import Objectives

@Suite struct HardnessTests {
  static let images = 40

  /// Views as the SimSiam recipe draws them, `[view][image]`.
  static func draws(_ count: Int, seed: UInt64 = 0) -> [[ViewParameters]] {
    (0..<count).map { view in
      (0..<images).map { image in
        var random = ViewRandom(seed: seed, epoch: 0, sample: image, view: view)
        return ViewRecipe().drawParameters(width: 300, height: 200, using: &random)
      }
    }
  }

  private static func audit(
    _ table: (Int, Int, Int) -> Float, views: Int = 4, reference: Int? = nil
  ) -> (HardnessAudit, CandidateSpace) {
    let space = CandidateSpace(plan: .pair, poolSizes: [views])
    let scores = space.candidates.flatMap { pair in (0..<images).map { table(pair[0], pair[1], $0) } }
    let audit = HardnessAudit(
      .listed(Tensor(scores, shape: [space.count, images])), in: space,
      reference: CandidateSpace(plan: .pair, poolSizes: [reference ?? views]), parameters: draws(views),
      draw: BatchDraw(seed: 0, epoch: 0, samples: Array(0..<images)))
    return (audit, space)
  }

  /// Deterministic numbers that no geometry predicts.
  private static func noise(_ first: Int, _ second: Int, _ image: Int) -> Float {
    Float((first * 31 + second * 17 + image * 7919) % 101) / 101
  }

  @Test func quantitiesAreSymmetricAndNamed() {
    let views = Self.draws(2)
    for image in 0..<Self.images {
      let one = PairGeometry.features(views[0][image], views[1][image])
      let other = PairGeometry.features(views[1][image], views[0][image])
      #expect(one.count == PairGeometry.names.count)
      #expect(zip(one, other).allSatisfy { abs($0 - $1) < 1e-12 })
      #expect(one.allSatisfy { $0.isFinite })
      let same = PairGeometry.features(views[0][image], views[0][image])
      #expect(same[0] == 1 && zip(PairGeometry.names, same).allSatisfy { !$0.hasSuffix("difference") || $1 == 0 })
    }
  }

  /// Hardness that is a function of geometry is found whole, whatever each image adds to all its pairs.
  @Test func modelFindsLinearHardness() {
    let parameters = Self.draws(4)
    let weights = PairGeometry.names.indices.map { Double($0 % 5) - 2 }
    func hardness(_ first: Int, _ second: Int, _ image: Int) -> Double {
      zip(PairGeometry.features(parameters[first][image], parameters[second][image]), weights).reduce(0) {
        $0 + $1.0 * $1.1
      }
    }
    let (audit, space) = Self.audit { Float(hardness($0, $1, $2) + Double($2 % 7)) }
    let model = HardnessModel()
    #expect(model.predict(Array(repeating: 1, count: PairGeometry.names.count)) == 0)
    audit.teach(model)
    for image in 0..<Self.images {
      let pairs = space.candidates.map { pair in
        (
          hardness(pair[0], pair[1], image),
          model.predict(PairGeometry.features(parameters[pair[0]][image], parameters[pair[1]][image]))
        )
      }
      for (truth, guess) in pairs.dropFirst() {
        #expect(abs((truth - pairs[0].0) - (guess - pairs[0].1)) < 0.15)
      }
    }
    let slots = (0..<Self.images).map { image in
      space.candidates.max { hardness($0[0], $0[1], image) < hardness($1[0], $1[1], image) }!
    }
    let captured = audit.captured(by: slots, model: model)
    #expect(abs(captured.total! - 1) < 1e-6)
    #expect(abs(captured.predicted! - 1) < 0.05 && abs(captured.imageSpecific!) < 0.05)
  }

  /// Against counting by hand, for exact, random, easiest and first choices.
  @Test func capturedHardnessIsTheShareOfTheRange() {
    let (audit, space) = Self.audit(Self.noise)
    let model = HardnessModel()
    func value(_ pair: [Int], _ image: Int) -> Double { Double(Self.noise(pair[0], pair[1], image)) }
    let images = 0..<Self.images
    let random = images.reduce(0) { sum, image in
      sum + space.candidates.reduce(0) { $0 + value($1, image) } / Double(space.count)
    }
    let hardest = images.reduce(0) { sum, image in sum + space.candidates.map { value($0, image) }.max()! }
    for choose in [
      { (image: Int) in space.candidates.max { value($0, image) < value($1, image) }! },
      { (image: Int) in space.candidates.min { value($0, image) < value($1, image) }! }, { _ in [0, 1] },
    ] {
      let slots = images.map(choose)
      let selected = images.reduce(0) { $0 + value(slots[$1], $1) }
      let captured = audit.captured(by: slots, model: model)
      #expect(abs(captured.total! - (selected - random) / (hardest - random)) < 1e-5)
      #expect(captured.predicted == 0 && captured.images == Self.images)
      #expect(abs(captured.diluted(to: 0.25).total! - captured.total! / 4) < 1e-9)
    }
    let (flat, _) = Self.audit { _, _, image in Float(image) }
    #expect(flat.captured(by: images.map { _ in [0, 1] }, model: model).total == nil)
  }

  /// More views than exact selection would have may capture more than it does.
  @Test func referenceIsAmongTheFirstViews() {
    let (audit, _) = Self.audit({ _, second, _ in Float(second) }, views: 8, reference: 4)
    let captured = audit.captured(by: (0..<Self.images).map { _ in [6, 7] }, model: HardnessModel())
    // Pairs of four views have second views 1, 2, 2, 3, 3, 3: the hardest 3, on average 7/3.
    #expect(abs(captured.total! - (7 - 7.0 / 3) / (3 - 7.0 / 3)) < 1e-5)
  }

  /// With locals: the hardest of sampled spaces is the exact one, and pairs of locals do not count.
  @Test func localViewsAreAuditedToo() {
    let plan = ViewPlan([ViewGroup("global", used: 2), ViewGroup("local", used: 3, isLocal: true)])
    let space = CandidateSpace(plan: plan, poolSizes: [4, 8])
    let table = Tensor.normal([12, 12, Self.images], using: Generator(seed: 4))
    let symmetric = table + table.permuted([1, 0, 2])
    let scores = ViewScores.additive(PairScores(symmetric))
    let audit = HardnessAudit(
      scores, in: space, reference: space, parameters: Self.draws(12),
      draw: BatchDraw(seed: 0, epoch: 0, samples: Array(0..<Self.images)))
    let hardest: [[Int]] = scores.hardest(in: space).transposed().rows()
    let captured = audit.captured(by: hardest, model: HardnessModel())
    #expect(abs(captured.total! - 1) < 1e-6)
    let listed = scores.scores(of: hardest, in: space)
    for image in 0..<Self.images {
      let value = listed.narrowed(along: 0, from: image, count: 1).reshaped([-1]).scalars(as: Double.self)[image]
      #expect(abs(scores.scores(at: hardest, in: space)[image] - value) < 1e-5)
    }
    let geometry = ChoiceGeometry(Self.draws(12), in: space)
    let one = geometry.quantities(of: [0, 1, 4, 5, 6], image: 3)
    let parts = [[0, 1], [0, 4], [0, 5], [0, 6], [1, 4], [1, 5], [1, 6]].map { geometry.quantities(of: $0, image: 3) }
    for index in one.indices { #expect(abs(one[index] - parts.reduce(0) { $0 + $1[index] }) < 1e-9) }
  }

  /// Scores without what geometry predicts: the loss of each choice less the sum over its related pairs, by what the model
  /// knew before it learned from the batch.
  @Test(arguments: ["simsiam", "byol", "dino"]) func unexplainedScoresLeaveOutGeometry(name: String) throws {
    func check<Method: SelfSupervisedMethod>(_ type: Method.Type) throws {
      let plan = SmallMethods.plan(of: type)
      let space = CandidateSpace(plan: plan, poolSizes: plan.groups.map { $0.used * 2 })
      let method = try SmallMethods.make(type)
      var pool = SmallMethods.pool(for: method, sizes: space.poolSizes, batch: Self.images)
      let parameters = Self.draws(space.viewCount, seed: 5)
      for (index, range) in space.ranges.enumerated() { pool.groups[index].parameters = Array(parameters[range]) }
      let model = HardnessModel()
      Self.audit { first, second, image in Self.noise(first, second, image) }.0.teach(model)
      let known = model.coefficients
      let context = SmallMethods.context(batch: Self.images)
      let losses = LossScorer(ScoringPass(phase: .score))
      let exact = losses.score(pool, in: space, method: method, context: context).scores.scores(in: space)
      let scored = UnexplainedScorer(losses: losses, model: model).score(
        pool, in: space, method: method, context: context)
      let (values, all) = (
        scored.scores.scores(in: space).scalars(as: Double.self), exact.scalars(as: Double.self)
      )
      let geometry = ChoiceGeometry(parameters, in: space)
      var moved = 0.0
      for (row, choice) in space.candidates.enumerated() {
        for image in 0..<Self.images {
          let predicted = zip(geometry.quantities(of: choice, image: image), known!).reduce(0) { $0 + $1.0 * $1.1 }
          let place = row * Self.images + image
          #expect(abs(values[place] - (all[place] - predicted)) < 1e-4)
          moved = max(moved, abs(predicted))
        }
      }
      #expect(moved > 0.01 && model.coefficients != known)
    }
    try check(SmallMethods.method(name))
  }

  @Test func stateRestoresTheModel() {
    let (audit, _) = Self.audit(Self.noise)
    let (model, copy) = (HardnessModel(), HardnessModel())
    audit.teach(model)
    for (mine, theirs) in zip(copy.state, model.state) { mine.buffer.value.copyInPlace(from: theirs.buffer.value) }
    copy.restore()
    #expect(copy.coefficients == model.coefficients && model.coefficients != nil)
    HardnessModel().restore()
  }
}
