//! Requests from outputs to streams.

/// Request from the peer of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutputRequest {
    /// A keyframe of each video stream, because a receiver joined or lost data. The next frame is
    /// one.
    Keyframe,
}
