import CTorch

/// Where tensors are kept and computed.
public struct Device: Hashable, Sendable, CustomStringConvertible {
  fileprivate enum Kind: String { case cpu, cuda, lazy, meta }
  fileprivate let kind: Kind

  /// The processor and its memory.
  public static let cpu = Device(kind: .cpu)
  /// An NVIDIA GPU: the first of those that CUDA_VISIBLE_DEVICES leaves.
  public static let cuda = Device(kind: .cuda)
  /// libtorch's device that computes on the CPU when values are asked for; nil where this libtorch has none.
  ///
  /// It refuses to mix its tensors with the CPU's, as a GPU does, so tests take it for one.
  package static let lazy: Device? = ht_lazy_start() ? Device(kind: .lazy) : nil

  /// libtorch's device whose tensors have a shape and no elements: what is made there takes no memory, and reading it traps.
  package static let meta = Device(kind: .meta)

  /// Where new tensors are made: that of the innermost `withDevice(_:_:)`, else the CPU.
  public static var current: Device { scope }

  @TaskLocal fileprivate static var scope = Device.cpu

  /// libtorch's name.
  var name: StaticString {
    switch kind {
    case .cpu: "cpu"
    case .cuda: "cuda:0"
    case .lazy: "lazy:0"
    case .meta: "meta"
    }
  }

  /// In a word.
  public var description: String { kind.rawValue }
}

/// Runs `body` so that new tensors are made on a device.
///
/// Random draws are made on the CPU and moved, so that they are the same everywhere.
public func withDevice<Result>(_ device: Device, _ body: () throws -> Result) rethrows -> Result {
  try Device.$scope.withValue(device) { try body() }
}

/// Counts how often a program waits for tensors' values, which a GPU must have computed by then.
package final class HostReads: @unchecked Sendable {
  private var count = 0

  @TaskLocal private static var current: HostReads?

  /// How often `body` read values of tensors into the program, on this thread.
  package static func count(in body: () throws -> Void) rethrows -> Int {
    let reads = HostReads()
    try $current.withValue(reads) { try body() }
    return reads.count
  }

  static func note() { current?.count += 1 }
}

extension Tensor {
  /// Where the elements are.
  public var device: Device {
    let name = String(cString: ht_tensor_device(pointer))
    guard let kind = Device.Kind(rawValue: name) else { fatalError("a tensor is on a device of the kind '\(name)'") }
    return Device(kind: kind)
  }

  /// The same elements on a device.
  ///
  /// Copies between the CPU and a GPU wait until the tensor has been computed; use `placed()` to send data to a GPU.
  public func moved(to device: Device) -> Tensor {
    guard device != self.device else { return self }
    return Operator.toCopy(.tensor(self), .none, .none, .device(device))
  }

  /// The elements of a tensor on the CPU, on the current device.
  ///
  /// The copy to a GPU goes through page-locked memory, so that the GPU fetches it while the program goes on.
  func placed() -> Tensor {
    guard Device.current == .cuda else { return moved(to: .current) }
    return Operator.toCopy(
      .tensor(Operator.pinMemory(.tensor(self))), .none, .none, .device(.cuda), .none, .bool(true))
  }

  /// What `body` makes on the CPU, a tensor of a shape, on the current device; nothing is drawn for `meta`.
  static func drawn(_ shape: [Int], _ body: () -> Tensor) -> Tensor {
    switch Device.current {
    case .cpu: body()
    case .meta: zeros(shape)
    default: withDevice(.cpu, body).placed()
    }
  }
}
