import Foundation

extension WorkerPlace {
  /// Leaves this process the GPU of its number among those that it may use; to be called before CUDA is loaded.
  /// - Returns: Why it has none, where there are fewer than workers on this machine.
  public func chooseGPU() -> WorkerPlaceError? {
    let visible = ProcessInfo.processInfo.environment["CUDA_VISIBLE_DEVICES"]
    do throws(WorkerPlaceError) {
      setenv("CUDA_VISIBLE_DEVICES", try gpu(amongVisible: visible), 1)
      return nil
    } catch {
      setenv("CUDA_VISIBLE_DEVICES", "", 1)
      return error
    }
  }

  /// The value of CUDA_VISIBLE_DEVICES for this worker.
  func gpu(amongVisible list: String?) throws(WorkerPlaceError) -> String {
    guard let list else { return "\(localRank)" }
    guard !list.isEmpty else { return list }
    let devices = list.split(separator: ",").map(String.init)
    // A launcher that gives every worker a GPU of its own names that one alone.
    if devices.count == 1, localCount == 1 || hasOwnGPU { return devices[0] }
    guard localRank < devices.count else {
      throw WorkerPlaceError(
        "CUDA_VISIBLE_DEVICES names \(devices.count) GPU\(devices.count == 1 ? "" : "s"), too few for worker "
          + "\(localRank) of this machine: no two workers share one")
    }
    return devices[localRank]
  }

  /// Tells the launcher why this worker ends, in the form that torchrun reads.
  public func report(_ error: any Error) {
    guard let errorFile else { return }
    let message: [String: Any] = [
      "message": [
        "message": "\(error)",
        "extraInfo": ["py_callstack": "", "timestamp": "\(Int(Date.now.timeIntervalSince1970))"],
      ]
    ]
    guard let data = try? JSONSerialization.data(withJSONObject: message) else { return }
    try? data.write(to: URL(filePath: errorFile))
  }
}
