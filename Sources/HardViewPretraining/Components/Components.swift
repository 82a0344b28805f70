import HardViewSelection
import ImageData
import NeuralNetworks
import Objectives
import RunConfiguration
import RunRecords
import Views

/// The parts that configurations can name: those of this package and custom ones.
///
/// There is no global list: whoever resolves a configuration says what is known, by default `.standard`.
public struct Components: Sendable {
  /// Objectives, which `method.name` names.
  public private(set) var methods: [any SelfSupervisedMethod.Type] = [
    SimSiam.self, SimCLR.self, DINO.self, IBOT.self, BYOL.self, MoCoV3.self, BarlowTwins.self, VICReg.self,
    MVDHEL.self, LeJEPA.self, SimDINO.self,
  ]
  /// Selectors of one's own, which `selection.policy` names beside the built-in policies.
  public private(set) var selectors: [any SelectorComponent.Type] = []
  /// Operations on views of one's own, which `views.operations` names.
  public private(set) var viewOperations: [any ViewOperationComponent.Type] = []
  /// Formats of one's own, which `data.format` names beside the built-in ones.
  public private(set) var datasetReaders: [any DatasetReader.Type] = []
  /// Observers of one's own, which `observers` names.
  public private(set) var observers: [any ObserverComponent.Type] = []

  /// The parts of this package.
  public static let standard = Components()

  private init() {}

  /// These components and a method.
  ///
  /// Traps where its name is taken.
  public func adding(_ method: any SelfSupervisedMethod.Type) -> Components {
    adding(method.name, "method", among: methods.map { $0.name }) { $0.methods.append(method) }
  }

  /// These components and a selector.
  ///
  /// Traps where its name is taken.
  public func adding(_ selector: any SelectorComponent.Type) -> Components {
    adding(selector.name, "policy", among: policyNames) { $0.selectors.append(selector) }
  }

  /// These components and an operation on views.
  ///
  /// Traps where its name is taken.
  public func adding(_ operation: any ViewOperationComponent.Type) -> Components {
    adding(operation.name, "view operation", among: viewOperations.map { $0.name }) {
      $0.viewOperations.append(operation)
    }
  }

  /// These components and a format of datasets.
  ///
  /// Traps where its name is taken.
  public func adding(_ reader: any DatasetReader.Type) -> Components {
    adding(reader.name, "dataset format", among: formatNames) { $0.datasetReaders.append(reader) }
  }

  /// These components and an observer.
  ///
  /// Traps where its name is taken.
  public func adding(_ observer: any ObserverComponent.Type) -> Components {
    adding(observer.name, "observer", among: observers.map { $0.name }) { $0.observers.append(observer) }
  }

  private func adding(
    _ name: String, _ kind: String, among taken: [String], _ change: (inout Components) -> Void
  ) -> Components {
    if let problem = Self.problem(withName: name, kind, among: taken) { preconditionFailure(problem) }
    var components = self
    change(&components)
    return components
  }

  /// What is wrong with a new component's name; nil where nothing is.
  static func problem(withName name: String, _ kind: String, among taken: [String]) -> String? {
    if name.isEmpty || name.contains(where: { $0.isWhitespace || $0 == "." || $0 == "=" }) {
      return "a \(kind) cannot be named '\(name)': a name has neither white space nor '.' nor '='"
    }
    guard taken.contains(name) else { return nil }
    return "there is a \(kind) named '\(name)' already; the names taken are \(taken.joined(separator: ", "))"
  }

  /// Every name of `selection.policy`.
  public var policyNames: [String] { SelectionPolicy.builtIn.map(\.rawValue) + selectors.map { $0.name } }
  /// Every name of `data.format`.
  public var formatNames: [String] { DatasetFormat.builtIn.map(\.rawValue) + datasetReaders.map { $0.name } }

  /// The method of a name.
  /// - Throws: `ConfigurationError` that lists the names there are when this one is unknown.
  public func method(named name: String) throws(ConfigurationError) -> any SelfSupervisedMethod.Type {
    guard let method = methods.first(where: { $0.name == name }) else {
      throw ConfigurationError(path: "method.name", problem: .unknownValue(name, known: methods.map { $0.name }))
    }
    return method
  }
}

/// An operation on views that YAML can name: an entry of `views.operations`, with its settings.
public protocol ViewOperationComponent: ViewOperation, SendableMetatype {
  /// Its section of the configuration.
  associatedtype Settings: ComponentSettings = NoSettings
  /// The name in configurations.
  static var name: String { get }
  /// One line for lists.
  static var summary: String { get }
  /// Notes the mistakes in its section; none by default.
  static func check(_ settings: Settings, _ report: inout SettingReport)
  /// Makes the operation.
  init(_ settings: Settings)
}

extension ViewOperationComponent {
  /// No checks beyond types by default.
  public static func check(_ settings: Settings, _ report: inout SettingReport) {}
}

/// An observer that YAML can name: an entry of `observers`, with its settings.
public protocol ObserverComponent: TrainingObserver, SendableMetatype {
  /// Its section of the configuration.
  associatedtype Settings: ComponentSettings = NoSettings
  /// The name in configurations.
  static var name: String { get }
  /// One line for lists.
  static var summary: String { get }
  /// Notes the mistakes in its section; none by default.
  static func check(_ settings: Settings, _ report: inout SettingReport)
  /// Makes the observer of a run; nothing may change on disk yet.
  init(_ settings: Settings, of run: ObservedRun) throws
}

extension ObserverComponent {
  /// No checks beyond types by default.
  public static func check(_ settings: Settings, _ report: inout SettingReport) {}
}

/// The parts of a run that an observer can access.
public struct ObservedRun {
  /// Where its records go.
  public let directory: RunDirectory
  /// The dataset.
  public let dataset: any ImageDataset
  /// The encoder.
  public let encoder: any Backbone
  /// Everything that decides the run.
  public let configuration: ResolvedConfiguration
  /// Where remarks and warnings for a person go.
  public let events: TrainingEvents
}

// MARK: - Sections

extension ConfigurationTree {
  /// The typed settings of a component, checked.
  func settings<Settings: ComponentSettings>(
    _ type: Settings.Type, at path: String, check: (Settings, inout SettingReport) -> Void
  ) throws(ConfigurationError) -> Settings {
    let settings = try ConfigurationTree.decode(Settings(), overlaying: self == .null ? .empty : self, at: path)
    var report = SettingReport(at: path)
    check(settings, &report)
    try report.validate()
    return settings
  }

  /// The entries of a section that names components.
  func componentEntries(at path: String) throws(ConfigurationError) -> [(key: String, value: ConfigurationTree)] {
    switch self {
    case .mapping(let entries): return entries
    case .null: return []
    default:
      throw ConfigurationError(
        path: path,
        problem: .invalid("must be a section with a name and its settings in each entry, such as 'mine: {}'"))
    }
  }
}

extension Components {
  /// Makes the view operations of a section, and the section with every default written out.
  func viewOperations(
    from section: ConfigurationTree, at path: String
  ) throws(ConfigurationError) -> (operations: [NamedViewOperation], section: ConfigurationTree) {
    func make<Operation: ViewOperationComponent>(
      _ type: Operation.Type, _ section: ConfigurationTree
    ) throws(ConfigurationError) -> (NamedViewOperation, ConfigurationTree) {
      let settings = try section.settings(
        Operation.Settings.self, at: "\(path).\(Operation.name)", check: Operation.check)
      let complete = try ConfigurationTree(encoding: settings)
      return (NamedViewOperation(Operation(settings), name: Operation.name, settings: complete.yaml), complete)
    }
    var operations: [NamedViewOperation] = []
    var sections: [(key: String, value: ConfigurationTree)] = []
    for (name, section) in try section.componentEntries(at: path) {
      guard let type = viewOperations.first(where: { $0.name == name }) else {
        throw ConfigurationError(
          path: "\(path).\(name)", problem: .unknownValue(name, known: viewOperations.map { $0.name }))
      }
      let (operation, complete) = try make(type, section)
      operations.append(operation)
      sections.append((name, complete))
    }
    return (operations, .mapping(sections))
  }

  /// The `observers` section with every default written out.
  func completeObservers(_ section: ConfigurationTree) throws(ConfigurationError) -> ConfigurationTree {
    func complete<Observer: ObserverComponent>(
      _ type: Observer.Type, _ section: ConfigurationTree
    ) throws(ConfigurationError) -> ConfigurationTree {
      try ConfigurationTree(
        encoding: section.settings(Observer.Settings.self, at: "observers.\(Observer.name)", check: Observer.check))
    }
    var sections: [(key: String, value: ConfigurationTree)] = []
    for (name, section) in try section.componentEntries(at: "observers") {
      sections.append((name, try complete(try observer(named: name), section)))
    }
    return .mapping(sections)
  }

  /// Makes the observers of a resolved section.
  func makeObservers(of run: ObservedRun) throws -> [(name: String, observer: any TrainingObserver)] {
    func make<Observer: ObserverComponent>(
      _ type: Observer.Type, _ section: ConfigurationTree
    ) throws -> any TrainingObserver {
      try Observer(
        section.settings(Observer.Settings.self, at: "observers.\(Observer.name)", check: Observer.check), of: run)
    }
    return try run.configuration.values.observers.componentEntries(at: "observers").map { name, section in
      (name, try make(try observer(named: name), section))
    }
  }

  private func observer(named name: String) throws(ConfigurationError) -> any ObserverComponent.Type {
    guard let type = observers.first(where: { $0.name == name }) else {
      throw ConfigurationError(
        path: "observers.\(name)", problem: .unknownValue(name, known: observers.map { $0.name }))
    }
    return type
  }
}
