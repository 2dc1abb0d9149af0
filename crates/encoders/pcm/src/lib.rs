//! PCM, A-law and mu-law encoders for Reelwright.
