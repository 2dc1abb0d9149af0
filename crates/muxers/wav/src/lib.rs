//! WAV, RF64 and W64 muxers for Reelwright.
