import RunConfiguration
import Testing

/// YAML laid over typed defaults.
@Suite struct OverlayTests {
  private func message(_ yaml: String) -> String? {
    #expect(throws: ConfigurationError.self) { try ExampleConfiguration(yaml: yaml) }?.description
  }

  @Test func nothingLaidOverDefaultsAreTheDefaults() throws {
    #expect(try ExampleConfiguration(yaml: "") == ExampleConfiguration())
    #expect(try ExampleConfiguration(yaml: "optimizer:\n  # all of it commented out") == ExampleConfiguration())
  }

  @Test func settingsReplaceDefaultsOneByOne() throws {
    var expected = ExampleConfiguration()
    expected.optimizer.learningRate = 1e-3
    expected.optimizer.useBF16 = true
    expected.optimizer.schedule.milestones = [10]
    expected.seed = 12
    expected.device = .cuda
    expected.scale = 0.08...0.5
    expected.stages = [.init(blocks: 3, kernelSize: 3), .init(blocks: 4, kernelSize: 5)]
    let configuration = try ExampleConfiguration(
      yaml: """
        seed: 12
        device: cuda
        scale: [0.08, 0.5]
        stages: [{blocks: 3, kernel_size: 3}, {blocks: 4, kernel_size: 5}]
        optimizer: {learning_rate: 1e-3, use_bf16: true, schedule: {milestones: [10]}}
        """)
    #expect(configuration == expected)
  }

  @Test func numbersMayBeSpelledInAnyWay() throws {
    #expect(try ExampleConfiguration(yaml: "optimizer: {learning_rate: 1}").optimizer.learningRate == 1)
    #expect(try ExampleConfiguration(yaml: "optimizer: {learning_rate: 5.0e-4}").optimizer.learningRate == 5e-4)
    #expect(try ExampleConfiguration(yaml: "optimizer: {momentum: .5}").optimizer.momentum == 0.5)
    #expect(try ExampleConfiguration(yaml: "seed: 1e3").seed == 1000)
    #expect(try ExampleConfiguration(yaml: "seed: 0x10").seed == 16)
  }

  @Test func nilPropertiesCanBeSetAndUnset() throws {
    var configuration = try ExampleConfiguration(yaml: "top1_target: 0.5\nschedule: {warmup_epochs: 1, milestones: []}")
    #expect(configuration.top1Target == 0.5)
    #expect(configuration.schedule == .init(warmupEpochs: 1, milestones: []))
    configuration = try ConfigurationTree.decode(
      configuration, overlaying: ConfigurationTree(yaml: "top1_target: null", source: ""))
    #expect(configuration.top1Target == nil)
    #expect(
      message("schedule: {warmup_epochs: 1, milestones: [], warmup: 2}")
        == "schedule.warmup: unknown key. Did you mean 'warmup_epochs'? Known here: warmup_epochs, milestones.")
    #expect(message("schedule: {warmup_epochs: 1}") == "schedule.milestones: is missing.")
  }

  @Test func unknownKeysAreErrors() {
    #expect(
      message("optimizer: {lerning_rate: 1}")
        == "optimizer.lerning_rate: unknown key. Did you mean 'learning_rate'? "
        + "Known here: learning_rate, momentum, use_bf16, schedule.")
    #expect(
      message("optimizer: {learningRate: 1}")
        == "optimizer.learningRate: unknown key. Did you mean 'learning_rate'? "
        + "Known here: learning_rate, momentum, use_bf16, schedule.")
    #expect(
      message("epochs: 3")
        == "epochs: unknown key. Known here: name, seed, threads, device, top1_target, schedule, scale, stages, "
        + "optimizer, method.")
    #expect(
      message("stages: [{blocks: 1, kernel_size: 3}, {blocks: 1, kernel_size: 3, kernel: 3}]")
        == "stages[1].kernel: unknown key. Did you mean 'kernel_size'? Known here: blocks, kernel_size.")
  }

  /// Misspelled, begun, or with too much behind it; what is far from everything suggests nothing.
  @Test(arguments: [
    ("hardst", "hardest"), ("hard", "hardest"), ("hardest_pair", "hardest_pairs"), ("rand", "random"),
    ("overlap_threshold_2", "overlap_threshold"), ("ra", nil), ("softmax", nil), ("", nil),
  ])
  func nearNamesAreSuggested(word: String, name: String?) {
    #expect(nearestName(to: word, among: ["hardest_pairs", "hardest", "random", "overlap_threshold"]) == name)
    #expect(nearestName(to: word, among: []) == nil)
  }

  @Test(arguments: [
    ("optimizer: {learning_rate: fast}", "optimizer.learning_rate: expected a number, found the text \"fast\"."),
    ("optimizer: {learning_rate: true}", "optimizer.learning_rate: expected a number, found true."),
    ("optimizer: {learning_rate: }", "optimizer.learning_rate: expected a number, found nothing."),
    ("optimizer: {learning_rate: .nan}", "optimizer.learning_rate: expected a number, found the number .nan."),
    ("optimizer: {learning_rate: \"1\"}", "optimizer.learning_rate: expected a number, found the text \"1\"."),
    ("optimizer: {use_bf16: yes}", "optimizer.use_bf16: expected true or false, found the text \"yes\"."),
    ("optimizer: {use_bf16: 1}", "optimizer.use_bf16: expected true or false, found the number 1."),
    (
      "optimizer: {schedule: {milestones: [1, x]}}",
      "optimizer.schedule.milestones[1]: expected a whole number, found the text \"x\"."
    ),
    ("optimizer: 3", "optimizer: expected a section, found the number 3."),
    ("optimizer: [3]", "optimizer: expected a section, found a list."),
    ("seed: 1.5", "seed: expected a whole number, found the number 1.5."),
    ("seed: -1", "seed: expected a whole number between 0 and 18446744073709551615, found the number -1."),
    ("threads: 1000", "threads: expected a whole number between -128 and 127, found the number 1000."),
    ("threads: 1e300", "threads: expected a whole number between -128 and 127, found the number 1e+300."),
    ("stages: 3", "stages: expected a list, found the number 3."),
    ("stages: {blocks: 3}", "stages: expected a list, found a section."),
    ("name: 2024", "name: expected text (put it in quotes), found the number 2024."),
    ("name: [a]", "name: expected text, found a list."),
    ("device: tpux", "device: 'tpux' is not known. Known here: cpu, cuda."),
    ("device: cud", "device: 'cud' is not known. Did you mean 'cuda'? Known here: cpu, cuda."),
    ("device: 1", "device: expected one of cpu, cuda, found the number 1."),
    ("scale: [0.2]", "scale: has only 1 values."),
    ("scale: [0.2, 1, 2]", "scale: has 3 values where 2 are expected."),
  ])
  func wrongValuesAreErrors(yaml: String, text: String) {
    #expect(message(yaml) == text)
  }

  @Test func invalidValuesOfATypeNameItsPath() throws {
    let text = try #require(message("scale: [1, 0.2]"))
    #expect(text.hasPrefix("scale: ") && text.contains("ClosedRange"))
  }

  @Test func pathsBeginWithThePrefix() throws {
    let section = try ConfigurationTree(yaml: "name: byol\nkernel_sizes: 3", source: "")
    #expect(section.string(at: "name") == "byol")
    let error = #expect(throws: ConfigurationError.self) {
      try ConfigurationTree.decode(ExampleConfiguration.Stage(), overlaying: section.removing("name"), at: "method")
    }
    #expect(
      error?.description
        == "method.kernel_sizes: unknown key. Did you mean 'kernel_size'? Known here: blocks, kernel_size.")
  }

  @Test func treesTakeAnything() throws {
    let configuration = try ExampleConfiguration(yaml: "method: {Width: 3, deep: {list: [1, {a: null}]}}")
    #expect(configuration.method.string(at: "name") == "simsiam")
    #expect(configuration.method["Width"] == .integer(3))
    #expect(configuration.method["deep.list"] == .list([.integer(1), .mapping([("a", .null)])]))
  }

  @Test func encodedDefaultsReadBack() throws {
    let tree = try ConfigurationTree(encoding: ExampleConfiguration())
    #expect(
      tree.yaml == """
        name: simsiam
        seed: 0
        threads: 2
        device: cpu
        top1_target: null
        schedule: null
        scale: [0.2, 1.0]
        stages: [{blocks: 2, kernel_size: 3}]
        optimizer:
          learning_rate: 0.05
          momentum: 0.9
          use_bf16: false
          schedule:
            warmup_epochs: 0
            milestones: [30, 60]
        method:
          name: simsiam

        """)
    #expect(try ExampleConfiguration(yaml: tree.yaml) == ExampleConfiguration())
  }
}
