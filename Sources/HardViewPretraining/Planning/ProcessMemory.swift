import Foundation
import Torch

/// Memory of this process, as Linux counts it; of the GPU, as libtorch counts it, where the current device is one.
public struct ProcessMemory: Sendable {
  /// Bytes held.
  public var held: Int
  /// Most bytes ever held.
  public var peak: Int

  /// The memory in use; zeros where the system does not report it.
  public static var now: ProcessMemory {
    if let peak = Engine.peakGPUMemory { return ProcessMemory(held: 0, peak: peak) }
    let lines = ((try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? "").split(separator: "\n")
    func bytes(_ key: String) -> Int {
      let line = lines.first { $0.hasPrefix(key) } ?? ""
      return (Int(line.filter(\.isNumber)) ?? 0) << 10
    }
    return ProcessMemory(held: bytes("VmRSS:"), peak: bytes("VmHWM:"))
  }
}
