import RunConfiguration

/// A selector that YAML can name: `selection.policy` is its name, `selection.settings` its section.
///
/// It ranks by the loss of every choice, as the built-in policies do, unless it needs no scores.
public protocol SelectorComponent: ViewSelector, SendableMetatype {
  /// Its section of the configuration.
  associatedtype Settings: ComponentSettings = NoSettings
  /// The name in configurations.
  static var name: String { get }
  /// One line for lists.
  static var summary: String { get }
  /// Makes the selector.
  init(_ settings: Settings)
  /// Notes the mistakes in its section; none by default.
  static func check(_ settings: Settings, _ report: inout SettingReport)
}

extension SelectorComponent {
  /// No checks beyond types by default.
  public static func check(_ settings: Settings, _ report: inout SettingReport) {}

  /// Whether it needs scores with its default settings, so that a network runs on all drawn views.
  public static var ranksByDefault: Bool { Self(Settings()).needsScores }

  /// The typed section.
  static func settings(from section: ConfigurationTree) throws(ConfigurationError) -> Settings {
    try ConfigurationTree.decode(Settings(), overlaying: section, at: "selection.settings")
  }
}

extension SelectorComponent where Settings == NoSettings {
  /// Notes nothing.
  public static func check(_ settings: Settings, _ report: inout SettingReport) {}
}
