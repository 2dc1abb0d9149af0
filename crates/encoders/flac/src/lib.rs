//! FLAC encoder for Reelwright.
