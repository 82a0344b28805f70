import Checkpoints
import Foundation
import NeuralNetworks
import Optimization
import TestSupport
import Testing
import Torch

/// Three steps of PyTorch's optimizer on given gradients.
@Suite struct SGDReferenceTests {
  @Test func stepsAreThoseOfPyTorch() throws {
    let fixture = try Fixtures.open("torchvision/sgd.safetensors")
    struct Settings: Decodable {
      var momentum: Double
      var weight_decay: Double
    }
    let text = try #require(fixture.metadata["sgd"])
    let settings = try JSONDecoder().decode(Settings.self, from: Data(text.utf8))
    let names = ["weight", "bias"]
    let parameters = try names.map { (name: $0, parameter: Parameter(try fixture.tensor("initial.\($0)"))) }
    let optimizer = SGD(
      [ParameterGroup("all", parameters)], momentum: settings.momentum)
    let rates = try fixture.tensor("sgd.learning_rates").scalars(as: Double.self)
    for (step, rate) in rates.enumerated() {
      for (name, parameter) in parameters {
        (parameter.value * (try fixture.tensor("gradient.\(step).\(name)"))).sum().backward()
      }
      optimizer.step([GroupSettings(learningRate: rate, weightDecay: settings.weight_decay)])
      for (name, parameter) in parameters {
        #expect(relativeError(parameter.value, try fixture.tensor("sgd.after.\(step).\(name)")) < 1e-6)
        #expect(parameter.gradient == nil)
      }
    }
    #expect(optimizer.state.map(\.name) == ["momentum.weight", "momentum.bias"])
  }
}
