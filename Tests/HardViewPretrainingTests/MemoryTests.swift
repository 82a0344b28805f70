import Foundation
@testable import HardViewPretraining
import NeuralNetworks
import Objectives
import Optimization
import RunConfiguration
import TestSupport
import Testing
import Torch

@Suite struct MemoryTests {
  private func resolved(_ recipe: String, _ assignments: [String] = []) throws -> ResolvedConfiguration {
    var settings = try Recipes.named(recipe)
    for assignment in assignments { try settings.set(assignment) }
    return try ResolvedConfiguration(settings)
  }

  /// Counts what is really made.
  private struct Bytes: PartsConsumer {
    func use<Method: SelfSupervisedMethod>(_ parts: PretrainingParts<Method>) -> Int {
      let tensors =
        parts.method.namedState().map(\.entry.value) + parts.method.parameters.map(\.value)
        + parts.optimizer.state.map(\.buffer.value)
      return tensors.reduce(0) { sum, tensor in sum + tensor.withBytes(\.count) }
    }
  }

  /// The networks of every method and optimizer, worked out and made.
  @Test(arguments: Recipes.names.filter { $0.hasSuffix("-small") })
  func networksAreCountedExactly(recipe: String) throws {
    let resolved = try resolved(recipe)
    #expect(try MemoryNeed(of: resolved, batchSize: 8).networks == Double(resolved.withParts(Bytes())))
  }

  /// One SimSiam step of small views: two 32-px views of four of each of 256 images, five batches ahead.
  @Test func viewsAndActivationsAreThoseOfTheBatch() throws {
    let need = try MemoryNeed(of: resolved("simsiam-small", ["precision=fp32"]), batchSize: 256)
    #expect(need.views == 256 * 4 * 32 * 32 * 3 * 4 * 5)
    // A quarter of ResNet-18's width without pooling: 16 channels of 32 px in the stem and the first four convolutions,
    // half of that in each of the next stages' four and in their shortcuts.
    let stage = 16.0 * 32 * 32
    #expect(need.activations == 256 * 2 * 4 * (5 * stage + 5 * stage / 2 + 5 * stage / 4 + 5 * stage / 8))
    let parts = try MemoryNeed(
      of: resolved("simsiam-small", ["precision=fp32", "training.accumulation=4"]), batchSize: 256)
    #expect(parts.activations == need.activations / 4 && parts.views == need.views)
    let dino = try MemoryNeed(of: resolved("dino-small", ["precision=fp32"]), batchSize: 1)
    #expect(dino.views == Double(4 * 32 * 32 + 8 * 16 * 16) * 3 * 4 * 5)
    let six = try resolved("simsiam-small", ["precision=fp32", "selection.policy=all", "selection.candidates=6"])
    let all = try MemoryNeed(of: six, batchSize: 256)
    #expect(all.views == 1.5 * need.views && all.activations == 3 * need.activations)
  }

  @Test(arguments: [
    ("backbone.width=100000000", "backbone.width", "EB"),
    ("method.projector_hidden=900000000", "smaller sizes below method", "TB"),
    ("training.batch_size=100000000", "training.batch_size", "TB"), ("views.size=8192", "training.batch_size", "TB"),
    ("data.prefetched_batches=100000000", "data.prefetched_batches", "TB"),
    ("data.prefetched_batches=9223372036854775807", "data.prefetched_batches", "million EB"),
  ])
  func whatIsTooLargeIsRefusedWithFigures(assignment: String, key: String, unit: String) throws {
    let resolved = try resolved("simsiam-small", ["views.blur.probability=0", assignment])
    let need = try MemoryNeed(of: resolved, batchSize: resolved.values.training.batchSize)
    let error = #expect(throws: NotEnoughMemoryError.self) { try need.check(on: .cpu, limit: 24 << 30) }
    let text = try #require(error?.description)
    #expect(text.contains("this process can have 26 GB") && text.contains(unit) && text.contains(key), "\(text)")
    // What fits is not refused, and neither is anything where the limit is not known.
    try need.check(on: .cpu, limit: nil)
    try MemoryNeed(of: self.resolved("simsiam-small"), batchSize: 256).check(on: .cpu, limit: 24 << 30)
  }

  @Test func sizesBeyondAllMachinesNameTheirKey() throws {
    let resolved = try resolved("simsiam-small", ["method.projector_output=5000000000"])
    let error = #expect(throws: ConfigurationError.self) { try MemoryNeed(of: resolved, batchSize: 8) }
    #expect(error?.path == "method.projector_output")
  }

  @Test func farMoreThreadsThanCoresAreRefused() throws {
    let limit = 4 * Engine.coreCount
    try resolved("simsiam-small", ["threads=\(min(limit, 1024))"]).checkMachine(batchSize: 8)
    if limit < 1024 {
      let many = try resolved("simsiam-small", ["threads=\(limit + 1)"])
      let error = #expect(throws: ConfigurationError.self) { try many.checkMachine(batchSize: 8) }
      #expect(error?.path == "threads" && error?.description.contains("at most \(limit)") == true)
    }
    let absurd = #expect(throws: ConfigurationError.self) { try resolved("simsiam-small", ["threads=100000"]) }
    #expect(absurd?.path == "threads")
  }

  /// The least of the machine's memory and the limits of all control groups around the process.
  @Test func controlGroupsLimitMemory() throws {
    try withTemporaryDirectory { root in
      func write(_ text: String, _ path: String) throws {
        let file = URL(filePath: root + path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: file, atomically: true, encoding: .utf8)
      }
      #expect(MachineMemory.limit(root: root) == nil)
      try write("MemTotal:       16000 kB\nMemFree:        1 kB\n", "/proc/meminfo")
      #expect(MachineMemory.limit(root: root) == 16000 << 10)
      try write("4:cpu,memory:/a/b\n0::/user/job\n", "/proc/self/cgroup")
      try write("max\n", "/sys/fs/cgroup/user/job/memory.max")
      try write("9223372036854771712\n", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
      #expect(MachineMemory.limit(root: root) == 16000 << 10)
      try write("9000000\n", "/sys/fs/cgroup/user/memory.max")
      #expect(MachineMemory.limit(root: root) == 9_000_000)
      try write("8000000\n", "/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes")
      #expect(MachineMemory.limit(root: root) == 8_000_000)
    }
    #expect(try #require(MachineMemory.limit) > 1 << 28)
  }
}
