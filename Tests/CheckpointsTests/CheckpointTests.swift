import Checkpoints
import Foundation
import NeuralNetworks
import TestSupport
import Testing
import Torch

@Suite struct CheckpointTests {
  private func network(_ seed: UInt64, width: Int = 6, name: BackboneConfiguration.Name = .resnet18) -> any Backbone {
    var configuration = BackboneConfiguration()
    configuration.name = name
    configuration.width = width
    return configuration.makeBackbone(using: Generator(seed: seed))
  }

  private func values(_ backbone: any Backbone) -> [[Float]] {
    StateDictionary(of: backbone).entries.map { $0.value.scalars(as: Float.self) }
  }

  @Test func stateRoundTripsExactly() throws {
    try withTemporaryDirectory { folder in
      let path = folder + "/state.safetensors"
      let first = network(1)
      _ = first(.normal([4, 3, 32, 32], using: Generator(seed: 5)), in: .train)
      try StateDictionary(of: first).write(to: path, metadata: ["epoch": "3"])
      let second = network(2)
      #expect(values(first) != values(second))
      let checkpoint = try Checkpoint(path: path)
      try checkpoint.load(into: StateDictionary(of: second))
      #expect(values(first) == values(second))
      #expect(checkpoint.metadata["epoch"] == "3")
      #expect(checkpoint.names.contains("layer1.0.conv1.weight"))
      #expect(checkpoint.names.contains("layer2.0.downsample.1.running_var"))
    }
  }

  @Test func otherWidthIsRefusedWithNamesAndShapesAndChangesNothing() throws {
    try withTemporaryDirectory { folder in
      let path = folder + "/state.safetensors"
      try StateDictionary(of: network(1, width: 8)).write(to: path, metadata: [:])
      let target = network(2)
      let before = values(target)
      let error = #expect(throws: MismatchError.self) {
        try Checkpoint(path: path).load(into: StateDictionary(of: target))
      }
      #expect(error?.missing == [])
      #expect(error?.reshaped.first?.name == "conv1.weight")
      #expect(error?.description.contains("conv1.weight is [8, 3, 7, 7], expected [6, 3, 7, 7]") == true)
      #expect(values(target) == before)
    }
  }

  @Test func otherDepthIsRefusedWithMissingAndUnexpectedNames() throws {
    try withTemporaryDirectory { folder in
      let path = folder + "/state.safetensors"
      try StateDictionary(of: network(1, name: .resnet50)).write(to: path, metadata: [:])
      let error = #expect(throws: MismatchError.self) {
        try Checkpoint(path: path).load(into: StateDictionary(of: network(2)))
      }
      #expect(error?.unexpected.contains("layer1.0.conv3.weight") == true)
      #expect(error?.description.contains("another architecture") == true)
    }
  }
}
