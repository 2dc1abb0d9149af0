//! What comes back from outputs.

/// What the other end of an output asks of the streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutputRequest {
    /// A keyframe of each video stream: somebody joined, or lost data. The next frame is one.
    Keyframe,
}
