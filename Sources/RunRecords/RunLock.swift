import AtomicFiles
import Foundation

/// The right to write into a run folder: one process at a time has it.
///
/// A lock of the operating system on `run.lock`, so the lock of a process that died, or whose machine did, is free again.
/// On file systems without locks the process that the file names counts: one of this machine that has ended no longer
/// holds the lock; one of another machine holds it until the file is removed.
public final class RunLock {
  /// Who holds a lock.
  public struct Holder: Codable, Sendable, Equatable {
    /// The machine's name.
    public var host: String
    /// The process.
    public var process: Int32
    /// When it took the lock, in UTC.
    public var since: String

    /// This process, now.
    public static var current: Holder {
      Holder(host: Self.hostName, process: getpid(), since: Date.now.formatted(.iso8601))
    }

    /// The machine's own name; no other machine is asked.
    static let hostName: String = {
      var name = [CChar](repeating: 0, count: 256)
      gethostname(&name, name.count - 1)
      return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()

    /// Whether the process is on another machine, or has not ended.
    fileprivate var mayBeAlive: Bool { host != Self.hostName || kill(process, 0) == 0 || errno == EPERM }
  }

  private let path: String
  private let descriptor: Int32

  /// Takes the lock of a run folder.
  /// - Throws: `RecordError` that names the holder when another process, or another training of this one, has it; or when
  ///   the disk refuses.
  public convenience init(_ directory: RunDirectory) throws(RecordError) {
    try self.init(
      at: directory.lockPath, of: directory.path, activity: "trained", remedy: "which writes a checkpoint first")
  }

  /// Takes a lock.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - folder: What it locks.
  ///   - activity: What its holder does with the folder, as it goes on after "is being".
  ///   - remedy: What happens when the holder is stopped by a signal, as it goes on after the command.
  /// - Throws: `RecordError` that names the holder when another process, or another part of this one, has it; or when the
  ///   disk refuses.
  public init(at path: String, of folder: String, activity: String, remedy: String) throws(RecordError) {
    self.path = path
    while true {
      let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
      guard file >= 0 else { throw RecordError(FileError(path: path, action: .write, code: errno)) }
      let isTaken = Self.isTaken(file)
      if isTaken {
        let holder = Self.holder(in: file)
        close(file)
        throw Self.refusal(holder, of: folder, activity, remedy, lockPath: path)
      }
      // Whoever had the lock before may have removed this file meanwhile.
      guard Self.isSame(file, path) else {
        close(file)
        continue
      }
      descriptor = file
      break
    }
    let text = JSONLines.encode(Holder.current)
    guard ftruncate(descriptor, 0) == 0,
      text.withUnsafeBytes({ pwrite(descriptor, $0.baseAddress, $0.count, 0) }) == text.count
    else { throw RecordError(FileError(path: path, action: .write, code: errno)) }
  }

  /// Whether another process, or another part of this one, has the lock of a run folder.
  public static func isHeld(_ directory: RunDirectory) -> Bool {
    let file = open(directory.lockPath, O_RDWR | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    return isTaken(file)
  }

  /// Gives the lock back.
  deinit {
    unlink(path)
    close(descriptor)
  }

  /// Locks an open file; false where that worked, or where there are no locks and the file names nobody who lives.
  private static func isTaken(_ file: Int32) -> Bool {
    while flock(file, LOCK_EX | LOCK_NB) != 0 {
      switch errno {
      case EINTR: continue
      case EWOULDBLOCK: return true
      default: return holder(in: file)?.mayBeAlive ?? false
      }
    }
    return false
  }

  private static func isSame(_ file: Int32, _ path: String) -> Bool {
    var opened = stat()
    var present = stat()
    return fstat(file, &opened) == 0 && stat(path, &present) == 0 && opened.st_ino == present.st_ino
      && opened.st_dev == present.st_dev
  }

  private static func holder(in file: Int32) -> Holder? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = pread(file, &bytes, bytes.count, 0)
    return count > 0 ? try? JSONDecoder().decode(Holder.self, from: Data(bytes[..<count])) : nil
  }

  private static func refusal(
    _ holder: Holder?, of folder: String, _ activity: String, _ remedy: String, lockPath: String
  ) -> RecordError {
    guard let holder else {
      return RecordError(
        path: folder, reason: "is being \(activity) by another process", advice: "Wait until that one ends")
    }
    return RecordError(
      path: folder,
      reason: "is being \(activity) by process \(holder.process) on \(holder.host) since \(holder.since)",
      advice:
        "Wait until it ends, or stop it there with `kill \(holder.process)`, \(remedy); if that machine is gone and its "
        + "locks with it, remove \(lockPath)")
  }
}
