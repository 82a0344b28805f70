import Foundation
import Glibc

extension ProcessInfo {
  /// The processors that this thread may run on: as many as the machine has, unless `taskset`, a container or a batch
  /// system allows fewer.
  ///
  /// More threads than that wait for one another, and train a hundred times slower.
  public var usableProcessorCount: Int {
    let status = try? String(contentsOfFile: "/proc/thread-self/status", encoding: .utf8)
    return min(activeProcessorCount, status.flatMap(allowedProcessors(inStatus:)) ?? activeProcessorCount)
  }

  /// Seconds of processor time that all threads of this process have taken.
  public var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

/// The processors in the mask `Cpus_allowed` of a thread's status as Linux writes it, such as "ff,ffffffff"; nil where
/// there is none.
package func allowedProcessors(inStatus status: String) -> Int? {
  guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("Cpus_allowed:") }) else { return nil }
  let count = line.dropFirst("Cpus_allowed:".count).compactMap(\.hexDigitValue).reduce(0) { $0 + $1.nonzeroBitCount }
  return count > 0 ? count : nil
}
