import NeuralNetworks
import Optimization

extension ParameterGroup {
  /// One group, or two where some parameters stay as they are for the first epochs.
  ///
  /// - Parameter part: What the names of those parameters contain.
  public static func freezing(
    _ part: String, of parameters: [(name: String, parameter: Parameter)], forEpochs epochs: Int
  ) -> [ParameterGroup] {
    [
      ParameterGroup("network", parameters.filter { !$0.name.contains(part) }),
      ParameterGroup(part, parameters.filter { $0.name.contains(part) }, frozenEpochs: epochs),
    ]
  }
}
