import HardViewPretraining
import NeuralNetworks
import Optimization
import Testing
import Torch

@Suite struct SelectionTests {
  private let space = CandidateSpace(plan: ViewPlan(ViewGroup("view", used: 2)), poolSizes: [4])
  private let draw = SelectionDraw(seed: 3, epoch: 1, samples: [5, 9, 40])
  /// Scores of six pairs for three images.
  private let scores = Tensor(
    [
      1, 6, 2,
      5, 6, 1,
      5, 2, 9,
      0, 3, 4,
      9, 1, 1,
      2, 8, 1,
    ] as [Float], shape: [6, 3])

  @Test func choicesAreListedAsPublished() {
    #expect(space.candidates == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]])
    let plan = ViewPlan(ViewGroup("even", used: 1), ViewGroup("odd", used: 1), ViewGroup("local", used: 2))
    let dino = CandidateSpace(plan: plan, poolSizes: [2, 2, 4])
    #expect(dino.count == 2 * 2 * 6)
    #expect(dino.candidates.first == [0, 2, 4, 5])
    #expect(Set(dino.candidates).count == dino.count)
  }

  @Test func hardestAndEasiestTakeTheFirstOfEquals() {
    #expect(Hardest().choose(scores, from: space, for: draw).scalars() == [4, 5, 2])
    #expect(Easiest().choose(scores, from: space, for: draw).scalars() == [3, 4, 1])
    let tied = Tensor.zeros([6, 3])
    #expect(Hardest().choose(tied, from: space, for: draw).scalars() == [0, 0, 0])
    #expect(Easiest().choose(tied, from: space, for: draw).scalars() == [0, 0, 0])
  }

  @Test func anchorKeepsTheFirstView() {
    #expect(Anchor().choose(scores, from: space, for: draw).scalars() == [1, 0, 2])
  }

  @Test func uniformChoiceIsAFunctionOfSeedEpochAndImage() {
    func choose(_ draw: SelectionDraw) -> [Int] { UniformChoice().choose(nil, from: space, for: draw).scalars() }
    var large = draw
    large.samples = Array(0..<6000)
    let choices = choose(large)
    #expect(choices == choose(large))
    var reversed = large
    reversed.samples.reverse()
    #expect(choose(reversed) == choices.reversed())
    var later = large
    later.epoch = 2
    #expect(choose(later) != choices)
    for candidate in 0..<6 {
      let count = choices.count { $0 == candidate }
      #expect(abs(count - 1000) < 150, "choice \(candidate) was taken \(count) times of 6000")
    }
  }

  @Test func gatheredViewsAreTheChosenPixels() {
    let pixels = Tensor((0..<4 * 3 * 2 * 2 * 3).map { Float($0) }, shape: [4, 3, 2, 2, 3])
    let pool = ViewPool(groups: [pixels])
    let choice = Tensor([4, 0, 5])
    let slots = pool.gathered(choice, from: space)
    let views = pool.views
    for (image, candidate) in [4, 0, 5].enumerated() {
      for slot in 0..<2 {
        let expected = views[space.candidates[candidate][slot]].pixels.narrowed(along: 0, from: image, count: 1)
        let actual = slots[slot].pixels.narrowed(along: 0, from: image, count: 1)
        #expect(actual.scalars(as: Float.self) == expected.scalars(as: Float.self))
      }
    }
    #expect(slots[0].pixels.shape == [3, 3, 2, 2])
    #expect(slots[0].pixels.isChannelsLast)
  }

  @Test(arguments: Phase.allCases)
  func scoringMovesWhatThePhaseSays(phase: Phase) {
    let method = Self.tinySimSiam()
    func state(_ suffix: String) -> [[Float]] {
      method.namedState().filter { $0.name.hasSuffix(suffix) }.map { $0.entry.value.scalars() }
    }
    let pool = ViewPool(groups: [.normal([4, 3, 16, 16, 1], using: Generator(seed: 1))])
    let weights = state("weight")
    let running = state("running_mean")
    let scorer = LossScorer(phase: phase)
    let progress = TrainingProgress(stepsPerEpoch: 1, totalEpochs: 1)
    let scores = scorer.scores(of: pool, in: space, method: method, at: progress)
    #expect(scores.shape == [6, 3])
    #expect(!scores.requiresGradient)
    #expect(state("weight") == weights)
    #expect((state("running_mean") == running) == (phase != .train))
    #expect(method.parameters.allSatisfy { $0.gradient == nil })
  }

  @Test func oneChoiceIsNotScored() {
    struct Refusing: ViewScorer {
      func scores<Method: SelfSupervisedMethod>(
        of pool: ViewPool, in space: CandidateSpace, method: Method, at progress: TrainingProgress
      ) -> Tensor {
        Issue.record("a pool of two views was scored")
        return .zeros([1, 3])
      }
    }
    let pool = ViewPool(groups: [.normal([2, 3, 16, 16, 1], using: Generator(seed: 1))])
    let selection = HardViews(scorer: Refusing(), selector: Hardest()).select(
      from: pool, in: CandidateSpace(plan: ViewPlan(ViewGroup("view", used: 2)), poolSizes: [2]),
      for: Self.tinySimSiam(), at: TrainingProgress(stepsPerEpoch: 1, totalEpochs: 1), draw: draw)
    #expect(selection.views.count == 2 && selection.choice == nil && selection.scores == nil)
  }

  static func tinySimSiam() -> SimSiam {
    var backbone = BackboneConfiguration()
    backbone.name = .resnet18
    backbone.stem = .cifar
    backbone.width = 4
    backbone.channels = 1
    var configuration = SimSiam.defaultConfiguration
    configuration.projectorOutput = 16
    configuration.predictorHidden = 8
    return SimSiam(
      configuration, backbone: { backbone.makeBackbone(using: Generator(seed: 0)) }, using: Generator(seed: 0))
  }
}
