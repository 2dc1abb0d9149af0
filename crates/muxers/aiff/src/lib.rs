//! AIFF and AIFF-C muxer for Reelwright.
