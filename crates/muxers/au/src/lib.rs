//! AU muxer for Reelwright.
