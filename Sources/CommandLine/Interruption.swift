import Foundation
import HardViewPretraining
import Studies
import Synchronization

/// Signals, noticed between steps: Ctrl-C and SIGTERM stop after a checkpoint, SIGUSR1 asks for one; a second Ctrl-C ends
/// the program at once.
///
/// A run of a study also stops when the study's process is gone.
enum Interruption {
  private static let isPatient = Atomic(false)
  private static let isStopRequested = Atomic(false)
  private static let isCheckpointRequested = Atomic(false)

  /// What was requested since the last call.
  static var request: TrainingRequest {
    if isStopRequested.load(ordering: .relaxed) || ChildProcess.isOrphan { return .stop }
    return isCheckpointRequested.exchange(false, ordering: .relaxed) ? .checkpoint : .goOn
  }

  /// Begins to listen, also where the parent process had the signals blocked.
  ///
  /// - Parameter isPatient: Whether a second signal changes nothing: launchers of workers pass on what the terminal has sent
  ///   to them already.
  static func listen(isPatient: Bool = false) {
    Interruption.isPatient.store(isPatient, ordering: .relaxed)
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] {
      sigaddset(&signals, number)
      signal(number) { _ in
        Interruption.isStopRequested.store(true, ordering: .relaxed)
        guard !Interruption.isPatient.load(ordering: .relaxed) else { return }
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
      }
    }
    sigaddset(&signals, SIGUSR1)
    signal(SIGUSR1) { _ in Interruption.isCheckpointRequested.store(true, ordering: .relaxed) }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }
}
