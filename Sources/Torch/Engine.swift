import CTorch
import Foundation

/// Settings of libtorch that hold for the whole process.
public enum Engine {
  /// libtorch's version.
  public static var version: String { String(cString: ht_version()) }

  /// Sets the number of threads that one operator may use; 0 takes every core that this process may run on.
  public static func setThreadCount(_ count: Int) {
    let standard = defaultThreadCount  // Asked for before anything is set.
    ht_set_thread_count(Int32(count == 0 ? standard : count))
  }

  private static let defaultThreadCount = Int(ht_thread_count())

  /// Whether this processor multiplies bfloat16 in hardware (AVX512_BF16 or AMX), so that bf16 autocast pays.
  public static let hasFastBFloat16: Bool = {
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8),
      let flags = text.split(separator: "\n").first(where: { $0.hasPrefix("flags") })
    else { return false }
    let names = Set(flags.split(separator: " "))
    return names.contains("avx512_bf16") || names.contains("amx_bf16")
  }()
}
