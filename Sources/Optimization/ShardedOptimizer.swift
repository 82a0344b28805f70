import NeuralNetworks
import Torch

/// An optimizer whose memory is divided among workers: each moves some of the parameters and sends them to the others.
///
/// Stage 1 of ZeRO (Rajbhandari, Rasley, Ruwase and He 2020, arXiv 1910.02054). Parameters become the same, bit for bit, as
/// without the division.
final class ShardedOptimizer: Optimizer {
  private let workers: any Communicator
  private let parameters: [[Parameter]]
  private let division: DividedTensors
  /// Moves this worker's parameters.
  private let own: any Optimizer
  /// What is remembered, in the order of an optimizer of all parameters.
  private let entries: [(name: String, shape: [Int])]
  /// Names of what each worker remembers.
  private let names: [[String]]
  private let memoryDivision: DividedTensors
  /// What other workers remember, by name, while it is saved or restored.
  private var others: [String: Tensor] = [:]

  /// Divides parameters.
  ///
  /// - Parameter make: Makes an optimizer of some of the parameters of every group.
  init(_ groups: [ParameterGroup], of workers: any Communicator, make: ([ParameterGroup]) -> any Optimizer) {
    let owners = Self.owners(of: groups, among: workers.count)
    func part(of worker: Int) -> [ParameterGroup] {
      zip(groups, owners).map { group, owners in
        var part = group
        part.parameters = zip(group.parameters, owners).filter { $0.1 == worker }.map(\.0)
        return part
      }
    }
    func layout(_ groups: [ParameterGroup]) -> [(name: String, shape: [Int])] {
      withDevice(.meta) {
        let shapes = groups.map { group in
          var copy = group
          copy.parameters = group.parameters.map { ($0.name, Parameter(.zeros($0.parameter.value.shape))) }
          return copy
        }
        return make(shapes).state.map { ($0.name, $0.buffer.value.shape) }
      }
    }
    self.workers = workers
    let parts = (0..<workers.count).map(part(of:))
    parameters = parts.map { $0.flatMap { $0.parameters.map(\.parameter) } }
    division = DividedTensors(shapes: parameters.map { $0.map(\.value.shape) }, of: workers)
    own = make(parts[workers.rank])
    entries = layout(groups)
    let layouts = parts.map(layout)
    names = layouts.map { $0.map(\.name) }
    memoryDivision = DividedTensors(shapes: layouts.map { $0.map(\.shape) }, of: workers)
  }

  /// The worker of each parameter of each group: the largest first, each to the one that has least.
  private static func owners(of groups: [ParameterGroup], among workers: Int) -> [[Int]] {
    var owners = groups.map { [Int](repeating: 0, count: $0.parameters.count) }
    let places = groups.indices.flatMap { group in
      groups[group].parameters.enumerated().map { (group, $0.offset, $0.element.parameter.value.elementCount) }
    }
    var loads = [Int](repeating: 0, count: workers)
    // Sorting keeps no order among equals.
    for (group, place, count) in places.sorted(by: { ($1.2, $0.0, $0.1) < ($0.2, $1.0, $1.1) }) {
      let worker = loads.indices.min { loads[$0] < loads[$1] }!
      owners[group][place] = worker
      loads[worker] += count
    }
    return owners
  }

  func step(_ settings: [GroupSettings], where isSound: Tensor?) {
    own.step(settings, where: isSound)
    others = [:]
    for parameter in parameters.joined() { parameter.clearGradient() }
    division.exchange(parameters[workers.rank].map { $0.value.detached() }) { worker, place, values in
      parameters[worker][place].value.detached().copyInPlace(from: values)
    }
  }

  /// What this worker remembers, and room for what the others do.
  var state: [(name: String, buffer: Buffer)] {
    let held = Dictionary(uniqueKeysWithValues: own.state.map { ($0.name, $0.buffer) })
    return withDevice(.cpu) {
      entries.map { entry in (entry.name, held[entry.name] ?? Buffer(others[entry.name] ?? .zeros(entry.shape))) }
    }
  }

  var memoryBytes: Double { own.memoryBytes }

  func collect() throws {
    try throwingExhaustion {
      var collected: [String: Tensor] = [:]
      memoryDivision.exchange(own.state.map(\.buffer.value)) { worker, place, values in
        if workers.isFirst { collected[names[worker][place]] = values.moved(to: .cpu) }
      }
      others = collected
    }
  }
}
