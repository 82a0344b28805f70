import Checkpoints
import HardViewPretraining
import HardViewSelection
import NeuralNetworks
import Objectives
import Optimization
import TestSupport
import Testing
import Torch

/// Numbers of the published hard-view code for DINO and iBOT.
@Suite struct DistillationReferenceTests {
  /// Candidates alternate between the two recipes in the published order; here each recipe is a group.
  private func grouped(_ count: Int) -> [Int] {
    (0..<count).filter { $0 % 2 == 0 } + (0..<count).filter { $0 % 2 == 1 }
  }

  private func plan(locals: Int) -> ViewPlan {
    ViewPlan([
      ViewGroup("global", used: 1), ViewGroup("global_solarized", used: 1),
      ViewGroup("local", used: locals, isLocal: true),
    ])
  }

  @Test func dino() throws {
    let fixture = try Fixtures.open("dino.safetensors")
    let student = views(of: try fixture.tensor("student"))
    let teacher = views(of: try fixture.tensor("teacher"))
    let selected = try fixture.tensor("selected")
    let schedule = try fixture.tensor("teacher_temp_schedule").scalars(as: Double.self)
    let epoch = try fixture.tensor("epoch").scalars(as: Int.self)[0]
    let globals = grouped(teacher.count)
    let order = globals + Array(teacher.count..<student.count)

    var configuration = DINO.Configuration()
    configuration.prototypes = student[0].shape[1]
    (configuration.headHidden, configuration.headBottleneck) = (8, 4)
    configuration.studentTemperature = try fixture.tensor("student_temp").number
    configuration.teacherTemperatureStart = schedule[0]
    configuration.teacherTemperature = schedule[schedule.count - 1]
    configuration.teacherTemperatureWarmupEpochs = 1 + (schedule.firstIndex(of: schedule[schedule.count - 1]) ?? 0)
    let method = DINO(configuration, backbone: tinyBackbone, using: Generator(seed: 0))
    method.center.set(try fixture.tensor("center"))
    func progress(_ epoch: Int) -> TrainingProgress {
      TrainingProgress(step: epoch, stepsPerEpoch: 1, totalEpochs: schedule.count)
    }
    for (epoch, temperature) in schedule.enumerated() {
      #expect(abs(method.teacherTemperature(at: progress(epoch)) - temperature) < 1e-9)
    }

    let encodings = order.map {
      DINO.Encoding(student: student[$0], teacher: $0 < teacher.count ? teacher[$0] : nil, features: student[$0])
    }
    let slots = selected.shape[0]
    let space = CandidateSpace(
      plan: plan(locals: slots - 2),
      poolSizes: [teacher.count / 2, teacher.count / 2, student.count - teacher.count])
    let scores = method.choiceLosses(encodings, over: space, in: StepContext(progress(epoch)))
    let published = Tensor(order).selecting(scores.hardest(in: space).reshaped([-1])).scalars(as: Int.self)
    #expect(published == selected.scalars(as: Int.self))
    let terms = Double(2 * (slots - 1))
    let highest = scores.scores(in: space).maximum(along: 0) * terms
    #expect(relativeError(highest, try fixture.tensor("selected_loss_sum")) < 1e-5)
    try expectSampledSearchIsNotBetter(scores, in: space)

    // The published training loss on the selection.
    let batch = selected.shape[1]
    let numbers = selected.scalars(as: Int.self)
    func chosen(_ views: [Tensor], _ slot: Int) -> Tensor {
      .concatenated(
        (0..<batch).map { views[numbers[slot * batch + $0]].narrowed(along: 0, from: $0, count: 1) })
    }
    let leaves = (0..<slots).map { chosen(student, $0).trainableCopy() }
    let trained = leaves.enumerated().map { slot, leaf in
      DINO.Encoding(student: leaf, teacher: slot < 2 ? chosen(teacher, slot) : nil, features: leaf)
    }
    let loss = method.sampleLosses(trained, in: StepContext(progress(epoch))).mean()
    #expect(relativeError(loss.reshaped([1]), try fixture.tensor("loss")) < 1e-5)
    loss.backward()
    let gradients = Tensor.stacked(try leaves.map { try #require($0.gradient) })
    #expect(relativeError(gradients, try fixture.tensor("grad_student")) < 1e-5)
    method.didStep(trained, in: StepContext(progress(epoch)))
    #expect(relativeError(method.center.value, try fixture.tensor("center_after")) < 1e-6)
  }

  /// The published search ranks some random tuples; the exact one is never worse.
  private func expectSampledSearchIsNotBetter(_ scores: ViewScores, in space: CandidateSpace) throws {
    let batch = scores.scores(in: space).shape[1]
    let context = SelectionContext(
      space: space, draw: BatchDraw(seed: 5, epoch: 0, samples: Array(0..<batch)),
      position: TrainingProgress(stepsPerEpoch: 1, totalEpochs: 1))
    func values(_ selector: any ViewSelector) -> [Float] {
      let slots = selector.choose(scores, in: context).transposed().scalars(as: Int.self)
      let width = slots.count / batch
      return (0..<batch).map { image in
        let choice = Array(slots[image * width..<(image + 1) * width])
        return scores.scores(of: [choice], in: space).scalars(as: Float.self)[image]
      }
    }
    let exact = values(Hardest())
    let sampled = values(Hardest(Eligibility(limit: max(1, space.count / 4))))
    #expect(zip(exact, sampled).allSatisfy { $0 >= $1 })
    #expect(exact != sampled)
  }

  /// A few images at a time give what all at once give, and both what the definition says.
  @Test func crossEntropiesOfManyPrototypes() {
    let generator = Generator(seed: 1)
    let students = (0..<5).map { _ in Tensor.normal([7, 300], standardDeviation: 9, using: generator) }
    let teachers = (0..<2).map { _ in Tensor.normal([7, 300], standardDeviation: 9, using: generator).softmax() }
    let whole = crossEntropies(of: students, with: teachers)
    for elements in [1, 300 * 7 * 3, 300 * 7 * 4] {
      let parts = crossEntropies(of: students, with: teachers, elements: elements)
      for target in 0..<2 {
        for view in 0..<5 {
          let expected = -(teachers[target] * students[view].logSoftmax()).sum(along: 1)
          #expect(relativeError(whole[target][view], expected) < 1e-5)
          #expect(relativeError(parts[target][view], expected) < 1e-5)
        }
      }
    }
  }

  @Test func iBOT() throws {
    let fixture = try Fixtures.open("ibot.safetensors")
    let studentCLS = views(of: try fixture.tensor("student_cls")) + views(of: try fixture.tensor("student_local_cls"))
    let studentPatch = views(of: try fixture.tensor("student_patch"))
    let teacherCLS = views(of: try fixture.tensor("teacher_cls"))
    let teacherPatch = views(of: try fixture.tensor("teacher_patch"))
    let masks = views(of: try fixture.tensor("mask"))
    let epoch = try fixture.tensor("epoch").scalars(as: Int.self)[0]
    let selected = try fixture.tensor("selected")
    let (slots, batch) = (selected.shape[0], selected.shape[1])
    let globals = grouped(teacherCLS.count)
    let order = globals + Array(teacherCLS.count..<studentCLS.count)

    var configuration = IBOT.Configuration()
    configuration.prototypes = studentCLS[0].shape[1]
    configuration.patchPrototypes = configuration.prototypes
    (configuration.headHidden, configuration.headBottleneck) = (8, 4)
    configuration.studentTemperature = try fixture.tensor("student_temp").number
    configuration.teacherTemperatureWarmupEpochs = 0
    configuration.teacherTemperature = try fixture.tensor("temp").number
    configuration.patchTemperature = try fixture.tensor("temp_patch").number
    let method = IBOT(configuration, backbone: tinyTransformer, using: Generator(seed: 0))
    method.center.set(try fixture.tensor("center_cls"))
    method.patchCenter.set(try fixture.tensor("center_patch").reshaped([1, -1]))
    let progress = TrainingProgress(step: epoch, stepsPerEpoch: 1, totalEpochs: 20)

    /// Encodings of some images' views, their hidden patches picked from all patches.
    func encoding(cls: Tensor, patch: Tensor?, view: [Int], isGlobal: Bool) -> IBOT.Encoding {
      guard isGlobal, let patch else {
        return IBOT.Encoding(student: cls, teacher: nil, patches: nil, features: cls)
      }
      func gathered(_ views: [Tensor]) -> Tensor {
        .concatenated((0..<batch).map { views[view[$0]].narrowed(along: 0, from: $0, count: 1) })
      }
      let mask = gathered(masks).scalars(as: UInt8.self)
      let rows = mask.indices.filter { mask[$0] != 0 }
      let patches = mask.count / batch
      func hidden(_ tensor: Tensor) -> Tensor {
        tensor.reshaped([-1, tensor.shape[2]]).selecting(Tensor(rows))
      }
      return IBOT.Encoding(
        student: cls, teacher: gathered(teacherCLS),
        patches: IBOT.Encoding.Patches(
          student: hidden(patch), teacher: hidden(gathered(teacherPatch)), image: Tensor(rows.map { $0 / patches })),
        features: cls)
    }
    let encodings = order.map { view in
      let isGlobal = view < teacherCLS.count
      return encoding(
        cls: studentCLS[view], patch: isGlobal ? studentPatch[view] : nil,
        view: Array(repeating: view, count: batch), isGlobal: isGlobal)
    }
    let space = CandidateSpace(
      plan: plan(locals: slots - 2),
      poolSizes: [teacherCLS.count / 2, teacherCLS.count / 2, studentCLS.count - teacherCLS.count])
    let scores = method.choiceLosses(encodings, over: space, in: StepContext(progress))
    let published = Tensor(order).selecting(scores.hardest(in: space).reshaped([-1])).scalars(as: Int.self)
    #expect(published == selected.scalars(as: Int.self))
    let highest = scores.scores(in: space).maximum(along: 0)
    #expect(relativeError(highest, try fixture.tensor("selected_loss")) < 1e-5)

    let numbers = selected.scalars(as: Int.self)
    func chosen(_ views: [Tensor], _ slot: Int) -> Tensor {
      .concatenated(
        (0..<batch).map { views[numbers[slot * batch + $0]].narrowed(along: 0, from: $0, count: 1) })
    }
    let cls = (0..<slots).map { chosen(studentCLS, $0).trainableCopy() }
    let patch = (0..<2).map { chosen(studentPatch, $0).trainableCopy() }
    let trained = (0..<slots).map { slot in
      encoding(
        cls: cls[slot], patch: slot < 2 ? patch[slot] : nil,
        view: Array(numbers[slot * batch..<(slot + 1) * batch]), isGlobal: slot < 2)
    }
    let loss = method.sampleLosses(trained, in: StepContext(progress)).mean()
    #expect(relativeError(loss.reshaped([1]), try fixture.tensor("loss")) < 1e-5)
    loss.backward()
    func gradients(_ leaves: some Sequence<Tensor>) throws -> Tensor {
      .concatenated(try leaves.map { try #require($0.gradient) })
    }
    #expect(relativeError(try gradients(cls.prefix(2)), try fixture.tensor("grad_student_cls")) < 1e-5)
    #expect(relativeError(try gradients(cls.dropFirst(2)), try fixture.tensor("grad_student_local")) < 1e-5)
    #expect(relativeError(try gradients(patch), try fixture.tensor("grad_student_patch")) < 1e-5)
    method.didStep(trained, in: StepContext(progress))
    #expect(relativeError(method.center.value, try fixture.tensor("center_cls_after")) < 1e-6)
    let seen = Tensor.concatenated((0..<2).map { chosen(teacherPatch, $0) })
    method.patchCenter.move(towards: seen.mean(along: 0, 1), momentum: configuration.centerMomentum)
    #expect(
      relativeError(method.patchCenter.value, try fixture.tensor("center_patch_after").reshaped([1, -1])) < 1e-6)
  }
}

/// A transformer that is never run.
func tinyTransformer(_ role: BackboneRole) -> any Backbone {
  var backbone = BackboneConfiguration()
  (backbone.name, backbone.width, backbone.depth) = (.vitTiny, 8, 1)
  (backbone.patchSize, backbone.imageSize) = (4, 8)
  return backbone.makeBackbone(role: role, using: Generator(seed: 0))
}
