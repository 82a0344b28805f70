import Foundation
import Synchronization

/// Ctrl-C and termination, noticed between steps; a second Ctrl-C ends the program at once.
enum Interruption {
  private static let requested = Atomic(false)

  /// Whether somebody asked to stop.
  static var isRequested: Bool { requested.load(ordering: .relaxed) }

  /// Begins to listen.
  static func listen() {
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        Interruption.requested.store(true, ordering: .relaxed)
        signal(number, SIG_DFL)
      }
    }
  }
}
