import NeuralNetworks
import Objectives
import Optimization
import RunConfiguration
import Torch

extension MethodConformance {
  func checkSettings(_ failures: inout Failures) {
    failures.require(!Method.name.isEmpty && !Method.summary.isEmpty, "it has no name or no summary")
    var report = SettingReport(at: "method")
    configuration.check(with: MethodSetting(backbone: backbone, batchSize: batch), &report)
    for problem in report.problems { failures.require(false, "\(problem)") }
  }

  func checkLosses(_ failures: inout Failures) {
    let method = make()
    let views = views(for: method)
    let order = Tensor([3, 1, 5, 0, 2, 4])
    let permuted = views.map { view in
      var view = view
      view.pixels = view.pixels.selecting(order)
      view.mask = view.mask?.selecting(order)
      return view
    }
    withoutGradients {
      let losses = method.sampleLosses(method.encode(views, for: .scoring(.score)), in: context)
      let others = method.sampleLosses(method.encode(permuted, for: .scoring(.score)), in: context)
      failures.require(losses.shape == [batch], "the losses of \(batch) images have shape \(losses.shape)")
      guard losses.shape == [batch] else { return }
      let expected = losses.selecting(order).scalars(as: Float.self)
      failures.require(
        areClose(others.scalars(), expected), "shuffled images give \(others) where \(expected) is expected")
      failures.require(Set(expected).count > 1, "all images have the same loss, \(expected[0])")
    }
  }

  func checkCoupling(_ failures: inout Failures) {
    guard !Method.couplesBatch else { return }
    let method = make()
    let pool = pool(for: method, sizes: plan.groups.map(\.used))
    let few = batch / 2
    func losses(_ pool: ViewPool) -> [Float] {
      withoutGradients {
        method.sampleLosses(
          method.encode(pool.views, for: .scoring(.evaluate)), in: context.prefix(pool.batchSize)
        ).scalars()
      }
    }
    let (alone, among) = (losses(pool.prefix(few)), Array(losses(pool).prefix(few)))
    failures.require(areClose(alone, among), "the losses are \(among), and \(alone) among \(few) images")
  }

  func checkGradients(_ failures: inout Failures) {
    let method = make()
    // A residual branch that starts at zero passes no gradient to its own convolutions, so it is woken first.
    for (name, parameter) in method.namedParameters() where name.hasSuffix("bn2.weight") {
      withoutGradients { parameter.value.copyInPlace(from: .full(parameter.value.shape, 0.5)) }
    }
    method.sampleLosses(method.encode(views(for: method), for: .training), in: context).mean().backward()
    for (name, parameter) in method.namedParameters() {
      guard let gradient = parameter.gradient else {
        failures.require(false, "\(name) gets no gradient")
        continue
      }
      failures.require(
        gradient.isFinite().converted(to: .float32).mean().number == 1, "the gradient of \(name) is not finite")
    }
    for case (let name, .parameter(let parameter)) in method.namedState() where !parameter.isTrainable {
      failures.require(parameter.gradient == nil, "\(name) is frozen and gets a gradient")
    }
    let grouped = method.parameterGroups.flatMap { $0.parameters.map(\.name) }
    failures.require(
      grouped.sorted() == method.namedParameters().map(\.name).sorted(),
      "parameterGroups does not hold every trainable parameter once")
  }

  func checkScores(_ failures: inout Failures) {
    let method = make()
    let space = space(spare: 2)
    withoutGradients {
      let encodings = method.encode(pool(for: method, sizes: space.poolSizes).views, for: .scoring(.score))
      let scores = method.choiceLosses(encodings, over: space, in: context)
      let slow = space.candidates.flatMap { choice in
        method.sampleLosses(choice.map { encodings[$0] }, in: context).scalars(as: Float.self)
      }
      failures.require(
        areClose(scores.scores(in: space).scalars(), slow), "choiceLosses differ from sampleLosses of the choices")
      // Brute force over all choices finds no harder one.
      let hardest = Tensor(slow, shape: [space.count, batch]).argmax(along: 0).scalars(as: Int.self)
      let chosen = scores.hardest(in: space).transposed().contiguous().rows(as: Int.self)
      failures.require(
        chosen == hardest.map { space.candidates[$0] }, "the hardest choices are not those that trying all finds")
    }
  }

  func areClose(_ values: [Float], _ expected: [Float]) -> Bool {
    values.count == expected.count
      && zip(values, expected).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($1)) }
  }
}
