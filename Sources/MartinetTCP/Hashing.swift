// Programs keep connections by their identity; Embedded programs do without the standard library's hasher.
#if !hasFeature(Embedded)
  extension ConnectionID: Hashable {
    public func hash(into hasher: inout Hasher) {
      hasher.combine(slot)
      hasher.combine(generation)
    }
  }
#endif
