import Torch

/// The devices beside the CPU that tests can use: libtorch's lazy device, which refuses tensors of the CPU as a GPU does,
/// and a GPU where there is one.
public let otherDevices: [Device] = [Device.lazy, Engine.reasonForNoGPU == nil ? .cuda : nil].compactMap { $0 }
