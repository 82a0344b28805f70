import CTorch
import Foundation
import Processors

/// Settings of libtorch that hold for the whole process.
public enum Engine {
  /// libtorch's version.
  public static var version: String { String(cString: ht_version()) }

  /// Sets the number of threads that one operator may use; 0 takes every core that this process may run on, which are
  /// the most: more threads wait for one another, and train a hundred times slower.
  public static func setThreadCount(_ count: Int) {
    let standard = defaultThreadCount  // Asked for before anything is set.
    ht_set_thread_count(Int32(count == 0 ? standard : min(count, coreCount)))
  }

  /// The cores that this process may run on.
  public static var coreCount: Int { max(defaultThreadCount, ProcessInfo.processInfo.usableProcessorCount) }

  private static let defaultThreadCount = Int(ht_thread_count())

  /// Why no GPU can be used; nil where one can.
  ///
  /// Loads libtorch's CUDA library the first time.
  public static let reasonForNoGPU: String? = {
    guard ht_cuda_load() else {
      let message = lastMessage()
      return message.contains("libtorch_cuda.so: cannot open")
        ? "this libtorch was built for processors alone"
        : "libtorch's CUDA library does not load: \(message)"
    }
    return ht_cuda_device_count() > 0 ? nil : "libtorch finds no NVIDIA GPU with a working driver"
  }()

  /// Waits until the current device has computed all that it was asked for.
  public static func synchronize() {
    guard !isExhausted() else { return }
    switch Device.current {
    case .cuda: _ = check(ht_cuda_synchronize(), in: "synchronize", arguments: "cuda")
    case Device.lazy: _ = check(ht_lazy_synchronize(), in: "synchronize", arguments: "lazy")
    default: break
    }
  }

  /// Bytes of the GPU's memory in use at the most since `resetPeakGPUMemory()`; nil unless the current device is one.
  public static var peakGPUMemory: Int? {
    guard Device.current == .cuda, !isExhausted() else { return nil }
    var bytes: Int64 = 0
    return check(ht_cuda_peak_memory(&bytes), in: "peak memory", arguments: "cuda") ? Int(bytes) : nil
  }

  /// Restarts the measurement of `peakGPUMemory`.
  public static func resetPeakGPUMemory() {
    guard Device.current == .cuda, !isExhausted() else { return }
    // The allocator knows no device before the first tensor is there.
    _ = Tensor.zeros([1])
    _ = check(ht_cuda_reset_peak_memory(), in: "reset peak memory", arguments: "cuda")
  }

  /// Whether this libtorch convolves 8-bit integers on processors, and this processor adds their products in 32 bits (VNNI
  /// or AMX): others add pairs of products in 16 bits, which overflow.
  public static var hasInt8Convolutions: Bool { QuantizedConvolution.isAvailable && multipliesInt8 }

  private static let multipliesInt8 = processorHas("avx512_vnni", "avx_vnni", "amx_int8")

  /// Whether libtorch's convolutions with fewer than five output channels write beyond their memory on this processor, as
  /// oneDNN's for AVX2 do.
  public static let overrunsNarrowConvolutions = processorHas("avx2") && !processorHas("avx512bw")

  /// Whether a convolution with a stride would write beyond its memory in its backward pass: oneDNN's for AVX-512 does with
  /// kernels of one pixel and fewer than 16 input channels, where several threads share the work (libtorch 2.13).
  static func overrunsStridedConvolutions(of input: Tensor, weight: Tensor) -> Bool {
    let shape = weight.shape
    return shape.count == 4 && shape[1] < 16 && shape[2] == 1 && shape[3] == 1 && input.device == .cpu
  }

  /// Whether this processor multiplies bfloat16 in hardware (AVX512_BF16 or AMX), so that bf16 autocast pays.
  public static let hasFastBFloat16 = processorHas("avx512_bf16", "amx_bf16")

  /// Whether this processor has any of some features, by Linux's names.
  private static func processorHas(_ features: Substring...) -> Bool {
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8),
      let flags = text.split(separator: "\n").first(where: { $0.hasPrefix("flags") })
    else { return false }
    return !Set(flags.split(separator: " ")).isDisjoint(with: features)
  }
}
