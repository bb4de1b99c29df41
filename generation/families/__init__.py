"""Pure torch: interface types, registry and one module per generator of the literature."""
