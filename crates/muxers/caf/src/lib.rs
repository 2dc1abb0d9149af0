//! CAF muxer for Reelwright.
