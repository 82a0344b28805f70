import Foundation

/// The memory that a process can have on this machine.
enum MachineMemory {
  /// Bytes: the machine's memory, or the limit of the process's control group where that is lower; nil where the system
  /// does not say.
  static var limit: Int? { limit(root: "") }

  /// The same with Linux's files below another folder.
  static func limit(root: String) -> Int? {
    let machine = text("\(root)/proc/meminfo").split(separator: "\n").first { $0.hasPrefix("MemTotal:") }
      .flatMap { Int($0.filter(\.isNumber)) }.map { $0 << 10 }
    return ([machine].compactMap { $0 } + groupLimits(root)).min()
  }

  /// The limits of the process's control group and of those around it, of either version.
  private static func groupLimits(_ root: String) -> [Int] {
    text("\(root)/proc/self/cgroup").split(separator: "\n").flatMap { line -> [Int] in
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { return [] }
      let file: String
      if parts[0] == "0" {
        file = "memory.max"
      } else if parts[1].split(separator: ",").contains("memory") {
        file = "memory.limit_in_bytes"
      } else {
        return []
      }
      let base = "\(root)/sys/fs/cgroup" + (parts[0] == "0" ? "" : "/memory")
      var groups = parts[2].split(separator: "/").map(String.init)
      var limits: [Int] = []
      while true {
        // Files that are missing, and "max", are no limit.
        let path = ([base] + groups + [file]).joined(separator: "/")
        if let limit = Int(text(path).trimmingCharacters(in: .whitespacesAndNewlines)) { limits.append(limit) }
        if groups.popLast() == nil { return limits }
      }
    }
  }

  private static func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
}
