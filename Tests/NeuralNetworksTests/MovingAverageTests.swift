import NeuralNetworks
import TestSupport
import Testing
import Torch

private final class Pair: Module {
  let linear: Linear
  let norm = BatchNorm(3)

  init(seed: UInt64) { linear = Linear(2, 3, using: Generator(seed: seed)) }

  func callAsFunction(_ input: Tensor) -> Tensor { norm(linear(input, in: .train), in: .train) }
}

private final class Method: Module {
  let student = Pair(seed: 1)
  let teacher = Pair(seed: 2)
  let average: MovingAverage

  init() {
    // Statistics that differ, to see whether they are copied.
    _ = student(.normal([8, 2], using: Generator(seed: 3)))
    average = MovingAverage(of: student, in: teacher)
  }
}

@Suite struct MovingAverageTests {
  private func values(_ module: any Module) -> [String: [Double]] {
    Dictionary(uniqueKeysWithValues: module.namedState().map { ($0.name, $0.entry.value.scalars(as: Double.self)) })
  }

  @Test func teacherStartsAsACopyThatIsSavedButNotTrained() {
    let method = Method()
    #expect(values(method.teacher) == values(method.student))
    #expect(method.namedParameters().allSatisfy { $0.name.hasPrefix("student.") })
    #expect(method.namedParameters().count == 4)
    #expect(method.namedState().count == 14)
    #expect(method.teacher.linear.weight.isTrainable == false)
    #expect(method.student.linear.weight.isTrainable)
  }

  @Test func updatesFollowTheFormulaAndLeaveBuffersAlone() {
    let method = Method()
    let before = values(method.teacher)
    for parameter in method.student.parameters {
      withoutGradients { parameter.value.addInPlace(.ones(parameter.value.shape)) }
    }
    _ = method.student(.normal([8, 2], using: Generator(seed: 4)))
    let student = values(method.student)
    method.average.update(momentum: 0.9)
    let after = values(method.teacher)
    for (name, old) in before {
      for (index, value) in old.enumerated() {
        let isBuffer = name.contains("running") || name.contains("num_batches")
        let expected = isBuffer ? value : 0.9 * value + 0.1 * student[name]![index]
        #expect(abs(after[name]![index] - expected) < 1e-6, "\(name)")
      }
    }
    #expect(values(method.student) == student)
    method.average.update(momentum: 1)
    #expect(values(method.teacher) == after)
    method.average.update(momentum: 0)
    #expect(values(method.teacher)["linear.weight"] == student["linear.weight"])
  }

  @Test func noGradientReachesTheTeacher() {
    let method = Method()
    let input = Tensor.normal([8, 2], using: Generator(seed: 5))
    (method.student(input) * method.teacher(input)).sum().backward()
    method.average.update(momentum: 0.5)
    #expect(method.student.linear.weight.gradient != nil)
    #expect(method.teacher.linear.weight.gradient == nil)
    #expect(!method.teacher.linear.weight.value.requiresGradient)
  }

  @Test func freezingForgetsTheGradient() {
    let layer = Linear(2, 1, using: Generator(seed: 0))
    layer(.ones([1, 2]), in: .train).sum().backward()
    layer.bias?.freeze()
    #expect(layer.bias?.gradient == nil)
    #expect(layer.namedParameters().map(\.name) == ["weight"])
    #expect(layer.namedState().map(\.name) == ["weight", "bias"])
  }

  @Test func aTeacherOfOtherShapesIsRefused() async {
    await #expect(processExitsWith: .failure) {
      _ = MovingAverage(of: Linear(2, 3, using: Generator(seed: 0)), in: Linear(1, 3, using: Generator(seed: 0)))
    }
  }
}
