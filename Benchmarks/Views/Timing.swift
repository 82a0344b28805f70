import Glibc

/// Repeats pieces of work until enough time has passed.
struct Timing {
  let row: String
  let seconds: Double

  /// Times a piece of work that is of a few milliseconds or more.
  ///
  /// Before that it is repeated untimed for a quarter of the time and at least `warmUps` times.
  func measure(warmUps: Int = 1, _ work: () throws -> Amount) rethrows -> Measurement {
    var start = ContinuousClock.now
    var rest = warmUps
    while rest > 0 || Self.seconds(since: start) < seconds / 4 {
      _ = try work()
      rest -= 1
    }

    var sum = Amount()
    let cpuStart = Self.cpuSeconds()
    start = ContinuousClock.now
    repeat { sum += try work() } while Self.seconds(since: start) < seconds
    let elapsed = Self.seconds(since: start)
    return Measurement(
      row: row, images: sum.images, views: sum.views, bytes: sum.bytes, seconds: elapsed,
      cpuSeconds: Self.cpuSeconds() - cpuStart)
  }

  private static func seconds(since start: ContinuousClock.Instant) -> Double {
    (ContinuousClock.now - start) / .seconds(1)
  }

  private static func cpuSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
