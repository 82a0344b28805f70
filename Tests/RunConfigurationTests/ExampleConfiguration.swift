import RunConfiguration

/// A configuration with one of everything that configurations are made of.
struct ExampleConfiguration: Codable, Equatable {
  enum Device: String, Codable, CaseIterable { case cpu, cuda }

  struct Optimizer: Codable, Equatable {
    var learningRate = 0.05
    var momentum: Float = 0.9
    var useBF16 = false
    var schedule = Schedule()
  }

  struct Schedule: Codable, Equatable {
    var warmupEpochs = 0
    var milestones = [30, 60]
  }

  struct Stage: Codable, Equatable {
    var blocks = 2
    var kernelSize = 3
  }

  var name = "simsiam"
  var seed: UInt64 = 0
  var threads: Int8 = 2
  var device = Device.cpu
  var top1Target: Double?
  var schedule: Schedule?
  var scale = 0.2...1.0
  var stages = [Stage()]
  var optimizer = Optimizer()
  var method = ConfigurationTree.mapping([("name", .string("simsiam"))])

  /// The defaults with YAML laid over them.
  init(yaml: String) throws(ConfigurationError) {
    self = try ConfigurationTree.decode(
      ExampleConfiguration(), overlaying: ConfigurationTree(yaml: yaml, source: "example.yaml"))
  }

  init() {}
}
