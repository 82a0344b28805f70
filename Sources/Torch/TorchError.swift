import CTorch

/// The machine ran out of something while libtorch worked, or other workers did not answer.
public struct TorchError: Error, CustomStringConvertible {
  /// What went wrong.
  public enum Kind: Sendable {
    /// Memory ran out.
    case memory
    /// Another worker ended, hangs, or cannot be reached.
    case workers
  }

  /// What went wrong.
  public let kind: Kind
  /// The operator that failed.
  public let operation: String
  /// libtorch's own words.
  public let message: String

  /// One paragraph: what ran out, where, and what to try.
  public var description: String {
    guard kind == .memory else {
      return "Another worker ended, hangs, or cannot be reached: \(message). Its own output says why."
    }
    return "libtorch ran out of memory in \(operation): \(message). "
      + "Try a smaller batch, smaller images, fewer candidate views, or a narrower backbone."
  }
}

/// Collects the first failure inside `throwingExhaustion`; used by the one thread that runs its body.
final class ExhaustionScope: @unchecked Sendable {
  var first: TorchError?

  @TaskLocal static var current: ExhaustionScope?
}

/// Runs `body` so that an exhausted machine, or a lost worker, becomes a thrown `TorchError` instead of a trap.
///
/// Operators do not throw: misuse traps, and so do exhaustion and lost workers outside this scope. Inside it the first failed
/// operator is remembered, every later one does nothing, and the error is thrown once `body` has returned.
/// The body must be synchronous and must not act on results (write a checkpoint, say) before it ends.
/// - Throws: `TorchError` when memory ran out or another worker does not answer, otherwise what `body` throws.
public func throwingExhaustion<Result>(_ body: () throws -> Result) throws -> Result {
  // Nothing is begun where an operator of a scope around this one has failed: other workers would not expect it.
  if let error = ExhaustionScope.current?.first { throw error }
  let scope = ExhaustionScope()
  let result = ExhaustionScope.$current.withValue(scope) {
    Swift.Result { try body() }
  }
  if let error = scope.first { throw error }
  return try result.get()
}

func lastMessage() -> String {
  String(cString: ht_last_error())
}

/// Traps on misuse; remembers exhaustion when a scope asked for it.
///
/// Returns whether the call succeeded.
func check(_ status: ht_status, in operation: @autoclosure () -> String, arguments: @autoclosure () -> String) -> Bool {
  if status == HT_OK { return true }
  if let scope = ExhaustionScope.current {
    if scope.first != nil { return false }
    if status == HT_RESOURCES || status == HT_WORKERS {
      scope.first = TorchError(
        kind: status == HT_WORKERS ? .workers : .memory, operation: operation(), message: lastMessage())
      return false
    }
  }
  fatalError("\(operation())(\(arguments())): \(lastMessage())")
}

/// Whether an operator of the current scope has failed, so that results mean nothing any more.
func isExhausted() -> Bool {
  ExhaustionScope.current?.first != nil
}
