/// The purpose of a forward pass; decides which statistics normalization uses and moves.
public enum Phase: String, Codable, Sendable, CaseIterable {
  /// Statistics of the batch; running statistics move.
  case train
  /// Statistics of the batch; nothing moves. For scoring candidate views.
  case score
  /// Running statistics; nothing moves.
  case evaluate
}
