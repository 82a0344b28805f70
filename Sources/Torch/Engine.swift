import CTorch
import Foundation

/// Settings of libtorch that hold for the whole process.
public enum Engine {
  /// libtorch's version.
  public static var version: String { String(cString: ht_version()) }

  /// The number of threads that one operator may use.
  public static var threadCount: Int {
    get { Int(ht_thread_count()) }
    set { ht_set_thread_count(Int32(newValue)) }
  }

  /// The number of threads that libtorch itself would use: every core that this process may run on.
  public static let defaultThreadCount = Int(ht_thread_count())

  /// Chooses kernels whose results do not depend on the order of threads, where libtorch has them.
  public static func useDeterministicKernels(_ enabled: Bool) {
    ht_set_deterministic(enabled)
  }

  /// Whether this processor multiplies bfloat16 in hardware (AVX512_BF16 or AMX), so that bf16 autocast pays.
  public static let hasFastBFloat16: Bool = {
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8),
      let flags = text.split(separator: "\n").first(where: { $0.hasPrefix("flags") })
    else { return false }
    let names = Set(flags.split(separator: " "))
    return names.contains("avx512_bf16") || names.contains("amx_bf16")
  }()
}
