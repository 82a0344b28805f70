import Testing

extension Trait where Self == OneAtATime {
  /// Cases that use another device take turns, whatever suite they are in: libtorch's lazy device computes all tensors
  /// that live on it when one of them is read, those of other threads too, and these fail meanwhile.
  public static var oneAtATime: Self { OneAtATime() }
}

/// Lets the cases of tests that have it run one after the other.
public struct OneAtATime: TestTrait, TestScoping {
  /// Waits until no other case runs.
  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    await Turnstile.shared.enter()
    do {
      try await function()
    } catch {
      await Turnstile.shared.leave()
      throw error
    }
    await Turnstile.shared.leave()
  }
}

/// Lets one task in at a time, in the order in which they came.
private actor Turnstile {
  static let shared = Turnstile()
  private var isTaken = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  func enter() async {
    guard isTaken else {
      isTaken = true
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  func leave() {
    if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
  }
}
