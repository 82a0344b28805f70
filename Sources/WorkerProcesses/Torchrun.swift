import Foundation
import Processors

/// The launcher that the torch wheel brings along.
public enum Torchrun {
  /// Replaces this process by torchrun, which starts `arguments` of this program in several processes.
  ///
  /// - Parameters:
  ///   - count: How many.
  ///   - restarts: How often they are started again after one of them failed.
  /// - Throws: `TorchrunError` where it cannot run.
  public static func replaceProcess(workers count: Int, restarts: Int, arguments: [String]) throws(TorchrunError)
    -> Never
  {
    guard let wheel = wheelFolder() else {
      throw TorchrunError(
        "libtorch is not part of a torch wheel here, and has no launcher. Use a torchrun of your own: torchrun "
          + "--no-python --standalone --nproc-per-node \(count) hardviews …")
    }
    guard let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
      throw TorchrunError("/proc/self/exe does not say where this program is")
    }
    if let reason = reasonForNoPython(wheel: wheel) { throw TorchrunError(reason) }
    setenv(
      "PYTHONPATH",
      ([wheel] + [ProcessInfo.processInfo.environment["PYTHONPATH"]].compactMap { $0 })
        .joined(separator: ":"), 1)
    // It warns that it lacks NumPy, which it does not need.
    setenv("PYTHONWARNINGS", "ignore", 0)
    // What libtorch says of connections is said in words by the program.
    setenv("TORCH_CPP_LOG_LEVEL", "ERROR", 0)
    if getenv("OMP_NUM_THREADS") == nil {
      setenv("OMP_NUM_THREADS", "\(max(1, ProcessInfo.processInfo.usableProcessorCount / count))", 1)
    }
    let command =
      [
        "python3", "-m", "torch.distributed.run", "--no-python", "--standalone", "--nproc-per-node", "\(count)",
        "--max-restarts", "\(restarts)", program,
      ] + arguments
    var pointers = command.map { strdup($0) } + [nil]
    execvp("python3", &pointers)
    throw TorchrunError("python3 does not start: \(String(cString: strerror(errno)))")
  }

  /// The folder that holds the wheel's package `torch`, from where libtorch was loaded.
  static func wheelFolder() -> String? {
    // Read to its end, which comes after many short reads.
    guard let file = FileHandle(forReadingAtPath: "/proc/self/maps"), let bytes = try? file.readToEnd(),
      let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first(where: {
        $0.hasSuffix("/lib/libtorch_cpu.so")
      }),
      let start = line.firstIndex(of: "/")
    else { return nil }
    let package = URL(filePath: String(line[start...])).deletingLastPathComponent().deletingLastPathComponent()
    let launcher = package.appending(path: "distributed/run.py").path(percentEncoded: false)
    guard package.lastPathComponent == "torch", FileManager.default.fileExists(atPath: launcher) else { return nil }
    return package.deletingLastPathComponent().path(percentEncoded: false)
  }

  /// Why Python does not find what torchrun needs; nil where it does.
  private static func reasonForNoPython(wheel: String) -> String? {
    let python = Process()
    python.executableURL = URL(filePath: "/usr/bin/env")
    python.arguments = [
      "python3", "-c", "import sys; sys.path.insert(0, sys.argv[1]); import typing_extensions", wheel,
    ]
    python.standardError = FileHandle.nullDevice
    do { try python.run() } catch { return "python3 does not start: \(error.localizedDescription)" }
    python.waitUntilExit()
    switch python.terminationStatus {
    case 0: return nil
    case 127: return "python3 is missing, and torchrun is written in it. Install it with: sudo apt-get install python3"
    default:
      return "torchrun needs the Python package typing_extensions. Install it with: python3 -m pip install --target "
        + "\(wheel) typing_extensions"
    }
  }
}

/// torchrun cannot be started.
public struct TorchrunError: Error, CustomStringConvertible {
  /// What is wrong, and what to do.
  public let reason: String

  init(_ reason: String) {
    self.reason = reason
  }

  /// One paragraph.
  public var description: String { "torchrun cannot be started: \(reason)." }
}
