import NeuralNetworks
import Optimization
import RunConfiguration
import Torch

/// Image BERT pretraining with an online tokenizer (Zhou and others 2022, arXiv 2111.07832).
///
/// Loss of a set of views: λ₁ times DINO's over class tokens, plus λ₂ times the mean over global views of the
/// cross-entropy of hidden patches with what the teacher sees there.
/// Differs from the published hard-view code in: even and odd candidates have a recipe each, as in DINO, where the code
/// has one candidate of the first and three of the second; local views are selected where more are drawn than trained on.
public final class IBOT: PairwiseMethod {
  /// The `method` section for iBOT.
  public struct Configuration: MethodConfiguration {
    /// Width inside the head.
    public var headHidden = 2048
    /// Width of the vectors that are compared with prototypes.
    public var headBottleneck = 256
    /// The number of prototypes of class tokens.
    public var prototypes = 8192
    /// The number of prototypes of patches; must be `prototypes` where they are shared.
    public var patchPrototypes = 8192
    /// Whether class tokens and patches have the same prototypes.
    public var sharesPrototypes = true
    /// Whether the prototypes keep length one.
    public var normalizesLastLayer = false
    /// Epochs at the beginning during which the prototypes stay as they are.
    public var lastLayerFrozenEpochs = 1
    /// The student's temperature.
    public var studentTemperature = 0.1
    /// The teacher's temperature for class tokens, after the warm-up.
    public var teacherTemperature = 0.07
    /// The same at first.
    public var teacherTemperatureStart = 0.04
    /// The teacher's temperature for patches, after the warm-up.
    public var patchTemperature = 0.07
    /// The same at first.
    public var patchTemperatureStart = 0.04
    /// Epochs of the warm-up.
    public var teacherTemperatureWarmupEpochs = 30
    /// The share of the centers that each step keeps.
    public var centerMomentum = 0.9
    /// The share of the teacher that each step keeps, at first; it rises to 1 along half a cosine.
    public var momentum = 0.996
    /// λ₁: the weight of class tokens.
    public var classWeight = 1.0
    /// λ₂: the weight of patches.
    public var patchWeight = 1.0
    /// The probability that a global view is masked.
    public var maskProbability = 0.5
    /// The smallest and largest share of a masked view's patches that is hidden.
    public var maskRatio = [0.1, 0.5]
    /// Epochs without masks at the beginning.
    public var unmaskedEpochs = 0
    /// Whether patches count when views are ranked, as published.
    ///
    /// They make masked views win more often.
    public var ranksPatches = true

    /// The recommended setting for ViT-S/16.
    public init() {}

    /// Needs a transformer; widths and temperatures must be positive, momenta and mask ratios shares.
    public func check(with setting: MethodSetting, _ report: inout SettingReport) {
      report.require(
        setting.backbone.isTransformer,
        reason:
          "hides patches, which only transformers have; set backbone.name to vit_tiny, vit_small or vit_base, not "
          + setting.backbone.name.rawValue)
      report.require(
        maskRatio.count == 2 && maskRatio[0] >= 0 && maskRatio[0] <= maskRatio[1] && maskRatio[1] < 1,
        at: CodingKeys.maskRatio, reason: "must be two shares from 0 up to 1, the smaller first, not \(maskRatio)")
      report.requireShare(maskProbability, at: CodingKeys.maskProbability)
      report.require(
        !sharesPrototypes || prototypes == patchPrototypes, at: CodingKeys.patchPrototypes,
        reason: "is \(patchPrototypes), but prototypes are shared (shares_prototypes) and \(prototypes) in number")
      report.requirePositive(studentTemperature, at: CodingKeys.studentTemperature)
      report.requirePositive(teacherTemperature, at: CodingKeys.teacherTemperature)
      report.requirePositive(teacherTemperatureStart, at: CodingKeys.teacherTemperatureStart)
      report.requirePositive(patchTemperature, at: CodingKeys.patchTemperature)
      report.requirePositive(patchTemperatureStart, at: CodingKeys.patchTemperatureStart)
      report.requireNonNegative(classWeight, at: CodingKeys.classWeight)
      report.requireNonNegative(patchWeight, at: CodingKeys.patchWeight)
      report.requireShare(momentum, at: CodingKeys.momentum)
      report.requireShare(centerMomentum, at: CodingKeys.centerMomentum)
      report.requireCount(headHidden, at: CodingKeys.headHidden)
      report.requireCount(headBottleneck, at: CodingKeys.headBottleneck)
      report.requireCount(prototypes, at: CodingKeys.prototypes)
      report.requireCount(patchPrototypes, at: CodingKeys.patchPrototypes)
    }
  }

  /// The student's and teacher's outputs for a view.
  public struct Encoding {
    /// Hidden patches of all images.
    package struct Patches {
      /// `[hidden, prototypes]`.
      package let student: Tensor
      /// `[hidden, prototypes]`.
      package let teacher: Tensor
      /// The image of each, `[hidden]`.
      package let image: Tensor

      package init(student: Tensor, teacher: Tensor, image: Tensor) {
        self.student = student
        self.teacher = teacher
        self.image = image
      }
    }

    /// `[batch, prototypes]`.
    package let student: Tensor
    /// `[batch, prototypes]`; nil for local views.
    package let teacher: Tensor?
    /// Nil for local views and where nothing is hidden.
    package let patches: Patches?
    /// The teacher's tokens, `[batch, tokens, features]`; nil for local views.
    package let teacherTokens: Tensor?
    /// The student's features, `[batch, features]`.
    package let features: Tensor

    package init(
      student: Tensor, teacher: Tensor?, patches: Patches?, teacherTokens: Tensor? = nil, features: Tensor
    ) {
      self.student = student
      self.teacher = teacher
      self.patches = patches
      self.teacherTokens = teacherTokens
      self.features = features
    }
  }

  /// "ibot".
  public static let name = "ibot"
  /// One line for lists.
  public static let summary = "DINO, and hidden patches to be filled in as the teacher sees them; transformers only"
  /// Local crops are what its published accuracy needs.
  public static let takesLocalViews = true
  /// The momentum network.
  public static let hasTeacher = true
  /// Blocks of patches.
  public static let hidesPatches = true

  let student: TokenNetwork
  let teacher: TokenNetwork
  /// What hidden patches are replaced by, `[features]`.
  let maskEmbedding: Parameter
  package let center: Center
  package let patchCenter: Center
  private let average: MovingAverage
  private let configuration: Configuration

  /// Builds student and teacher.
  public init(_ configuration: Configuration, backbone: MakeBackbone, using generator: Generator) {
    self.configuration = configuration
    student = TokenNetwork(backbone(.trained), configuration, using: generator)
    teacher = TokenNetwork(backbone(.teacher), configuration, using: generator)
    maskEmbedding = Parameter(.zeros([student.backbone.featureCount]))
    center = Center(prototypes: configuration.prototypes)
    patchCenter = Center(prototypes: configuration.patchPrototypes)
    average = MovingAverage(of: student, in: teacher)
  }

  /// The teacher's backbone.
  public var encoder: any Backbone { teacher.backbone }

  /// The prototypes may stay as they are for some epochs.
  public var parameterGroups: [ParameterGroup] {
    ParameterGroup.freezing("last_layer", of: namedParameters(), forEpochs: configuration.lastLayerFrozenEpochs)
  }

  /// Blocks of patches of global views.
  public func masks(of views: MaskedViews, for draw: BatchDraw) -> Tensor? {
    guard !views.isLocal else { return nil }
    let side = views.size / student.backbone.patchSize
    let isMasked = draw.epoch >= configuration.unmaskedEpochs
    let blocks = BlockMasks(
      probability: isMasked ? configuration.maskProbability : 0, ratio: configuration.maskRatio)
    var values: [UInt8] = []
    values.reserveCapacity(views.count * draw.samples.count * side * side)
    for member in 0..<views.count {
      for sample in draw.samples {
        var random = draw.random(for: sample, purpose: .mask, view: views.group << 16 | member)
        values += blocks.draw(side: side, using: &random).map { $0 ? 1 : 0 }
      }
    }
    return Tensor(values, shape: [views.count, draw.samples.count, side * side]).converted(to: .float32)
  }

  /// Runs the student on masked global views and on local ones, the teacher on whole global views.
  public func encode(_ views: [View], for pass: Pass) -> [Encoding] {
    let phase = pass.phase
    let globals = views.filter { !$0.isLocal }
    let tokens = globals.targets { $0.encoded(jointly: true) { [teacher.backbone.tokens($0, in: phase)] } }.map {
      $0[0]
    }
    var remaining = tokens.makeIterator()
    return zip(views, studentTokens(views, in: phase)).map { view, seen in
      let features = VisionTransformer.classToken(of: seen)
      let logits = student.head(features, in: phase).converted(to: .float32)
      guard !view.isLocal, let target = remaining.next() else {
        return Encoding(student: logits, teacher: nil, patches: nil, features: features)
      }
      let teacherLogits = withoutGradients {
        teacher.head(VisionTransformer.classToken(of: target), in: phase).converted(to: .float32)
      }
      return Encoding(
        student: logits, teacher: teacherLogits,
        patches: view.mask.flatMap { hiddenPatches(student: seen, teacher: target, mask: $0, in: phase) },
        teacherTokens: target, features: features)
    }
  }

  /// Runs the teacher on all views, none of them masked; its centered logits stand in for the student's.
  public func encodeByTeacher(_ views: [View], for pass: Pass) -> [Encoding] {
    let tokens = views.encoded(jointly: true) { [teacher.backbone.tokens($0, in: pass.phase)] }.map { $0[0] }
    return zip(views, tokens).map { view, tokens in
      let features = VisionTransformer.classToken(of: tokens)
      let logits = teacher.head(features, in: pass.phase).converted(to: .float32)
      return Encoding(
        student: logits - center.value, teacher: view.isLocal ? nil : logits, patches: nil,
        teacherTokens: view.isLocal ? nil : tokens, features: features)
    }
  }

  /// The student's tokens of every view; views of a size go through together.
  private func studentTokens(_ views: [View], in phase: Phase) -> [Tensor] {
    var tokens = [Tensor?](repeating: nil, count: views.count)
    for isLocal in [false, true] {
      let members = views.indices.filter { views[$0].isLocal == isLocal }
      let masks = members.compactMap { views[$0].mask }
      let outputs = members.map { views[$0] }.encoded(jointly: true) { pixels in
        let masking =
          masks.count == members.count && !masks.isEmpty
          ? (mask: Tensor.concatenated(masks), embedding: maskEmbedding.value) : nil
        return [student.backbone.tokens(pixels, masking: masking, in: phase)]
      }
      for (index, output) in zip(members, outputs) { tokens[index] = output[0] }
    }
    return tokens.map { $0! }
  }

  /// The heads on hidden patches alone: most are not hidden, and have no term in the loss.
  private func hiddenPatches(student seen: Tensor, teacher target: Tensor, mask: Tensor, in phase: Phase)
    -> Encoding.Patches?
  {
    let patches = mask.shape[1]
    let rows = mask.scalars(as: Float.self).indices(where: { $0 > 0.5 }).ranges.flatMap { Array($0) }
    guard !rows.isEmpty else { return nil }
    let prefix = seen.shape[1] - patches
    func hidden(_ tokens: Tensor) -> Tensor {
      let inner = tokens.narrowed(along: 1, from: prefix, count: patches)
      return inner.reshaped([-1, inner.shape[2]]).selecting(Tensor(rows))
    }
    return Encoding.Patches(
      student: student.patchHead(hidden(seen), in: phase).converted(to: .float32),
      teacher: withoutGradients { teacher.patchHead(hidden(target), in: phase).converted(to: .float32) },
      image: Tensor(rows.map { $0 / patches }))
  }

  /// Class tokens related to one another, and hidden patches of each view.
  public func lossTerms(_ encodings: [Encoding], in context: StepContext) -> LossTerms {
    var terms = classTerms(encodings, in: context)
    guard configuration.patchWeight > 0 else { return terms }
    for (index, encoding) in encodings.enumerated() where encoding.teacher != nil {
      terms.append(patchLosses(encoding, in: context) * configuration.patchWeight, of: index)
    }
    return terms
  }

  /// Of class tokens alone where patches are not to count.
  public func choiceLosses(
    _ encodings: [Encoding], over space: CandidateSpace, in context: StepContext
  ) -> ViewScores {
    let terms =
      configuration.ranksPatches ? lossTerms(encodings, in: context) : classTerms(encodings, in: context)
    return .additive(terms.scores(in: space))
  }

  private func distillation(from start: Double, to end: Double) -> Distillation {
    Distillation(
      studentTemperature: configuration.studentTemperature,
      teacherTemperature: TeacherTemperature(
        start: start, end: end, warmupEpochs: configuration.teacherTemperatureWarmupEpochs))
  }

  private func classTerms(_ encodings: [Encoding], in context: StepContext) -> LossTerms {
    distillation(from: configuration.teacherTemperatureStart, to: configuration.teacherTemperature).terms(
      students: encodings.map(\.student), teachers: encodings.map(\.teacher), center: center,
      weight: configuration.classWeight, at: context.position)
  }

  /// The mean cross-entropy over each image's hidden patches, 0 where none is hidden: `[batch]`.
  private func patchLosses(_ encoding: Encoding, in context: StepContext) -> Tensor {
    let nothing = Tensor.zeros([encoding.student.shape[0]])
    guard let patches = encoding.patches else { return nothing }
    let targets = distillation(from: configuration.patchTemperatureStart, to: configuration.patchTemperature)
      .labels(patches.teacher, center: patchCenter, at: context.position)
    let logits = patches.student / configuration.studentTemperature
    let losses = logits.logSumExponential(along: 1) - (targets * logits).sum(along: 1)
    let counts = nothing.addingScattered(.ones(losses.shape), at: patches.image, along: 0).clamped(from: 1)
    return nothing.addingScattered(losses, at: patches.image, along: 0) / counts
  }

  /// The teacher's tokens.
  public func targets(of encoding: Encoding) -> [Tensor] { encoding.teacherTokens.map { [$0] } ?? [] }

  /// Transformers do not normalize over the batch.
  public var reusesTargets: Bool { true }

  /// The student's features.
  public func embedding(_ encoding: Encoding) -> Tensor { encoding.features }

  /// The teacher's outputs of all parts.
  public func joined(_ earlier: [Encoding], with next: [Encoding]) -> [Encoding] {
    zip(earlier, next).map { earlier, next in
      Encoding(
        student: next.student, teacher: .joined(earlier.teacher, next.teacher), patches: next.patches,
        teacherTokens: .joined(earlier.teacherTokens, next.teacherTokens), features: next.features)
    }
  }

  /// The centers move towards the teacher's outputs, the teacher towards the student.
  public func didStep(_ encodings: [Encoding], in context: StepContext) {
    let momentum = configuration.centerMomentum
    center.move(towards: Tensor.concatenated(encodings.compactMap(\.teacher)).mean(along: 0), momentum: momentum)
    let tokens = encodings.compactMap(\.teacherTokens)
    if !tokens.isEmpty, let size = tokens.first?.shape {
      let side = size[1] - student.backbone.prefixTokenCount
      let inner = Tensor.concatenated(tokens).narrowed(along: 1, from: size[1] - side, count: side)
      patchCenter.move(towards: teacher.meanPatchLogits(inner), momentum: momentum)
    }
    average.update(momentum: teacherMomentum(configuration.momentum, at: context.position))
  }
}
