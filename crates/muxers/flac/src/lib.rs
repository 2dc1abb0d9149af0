//! FLAC muxer for Reelwright.
