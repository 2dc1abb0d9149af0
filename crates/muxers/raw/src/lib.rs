//! Headerless PCM muxers for Reelwright.
