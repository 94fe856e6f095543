//! The seam between the real primitives and the modelled ones.
