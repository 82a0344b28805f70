/// The YAML key of a property: `learningRate` is `learning_rate`, `useBF16` is `use_bf16`, `top1` is `top1`.
///
/// A name that is in snake case already is its own key.
func snakeCased(_ name: String) -> String {
  let characters = Array(name)
  var result = ""
  for (index, character) in characters.enumerated() {
    if character.isUppercase, index > 0 {
      let endsWord = !characters[index - 1].isUppercase && characters[index - 1] != "_"
      let beginsWord = index + 1 < characters.count && characters[index + 1].isLowercase
      if endsWord || (beginsWord && characters[index - 1].isUppercase) { result += "_" }
    }
    result += character.lowercased()
  }
  return result
}

/// A key path with one more key.
func joined(_ path: String, _ key: String) -> String {
  path.isEmpty ? key : "\(path).\(key)"
}

/// The known name closest to a misspelled one; nil where none is near.
///
/// One letter in three may be wrong, or the word is the beginning of the name, or the name that of the word.
public func nearestName(to word: String, among known: [String]) -> String? {
  let distances = known.map { (name: $0, distance: editDistance(word, $0)) }
  let nearest = distances.min { $0.distance < $1.distance }
  if let nearest, nearest.distance <= max(1, word.count / 3) { return nearest.name }
  let related = distances.filter {
    min($0.name.count, word.count) >= 3 && ($0.name.hasPrefix(word) || word.hasPrefix($0.name))
  }
  return related.min { $0.distance < $1.distance }?.name
}

/// The fewest insertions, deletions and replacements that turn one word into the other.
func editDistance(_ first: String, _ second: String) -> Int {
  let second = Array(second)
  var row = Array(0...second.count)
  for (i, a) in first.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, b) in second.enumerated() {
      let replaced = diagonal + (a == b ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
    }
  }
  return row[second.count]
}
