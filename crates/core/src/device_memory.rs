//! Memory of devices, such as a GPU, that stores frames.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::{PlanesMut, Result, VideoFormat};

/// Kind of memory of frames: host memory, or the memory of a kind of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MemoryKind(&'static str);

impl MemoryKind {
    /// Host memory.
    pub const HOST: Self = Self("host");

    /// Creates the kind for a device type, such as `cuda`.
    pub const fn device(name: &'static str) -> Self {
        Self(name)
    }

    /// Returns the name of the kind.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for MemoryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Owner of device memory.
pub trait DeviceMemory: Send + Sync + fmt::Debug {
    /// Returns the kind of the memory.
    fn kind(&self) -> MemoryKind;

    /// Copies the rows of a frame in this memory, whose content is ready, to host memory.
    ///
    /// # Errors
    /// The device fails.
    fn download(
        &self,
        format: &VideoFormat,
        planes: &[DevicePlane; 4],
        to: PlanesMut<'_>,
    ) -> Result<()>;

    /// Keeps the memory from being written or freed until a reader has finished, even after its
    /// last handle is dropped.
    fn release_after(&self, reader: Arc<dyn DeviceEvent>);

    /// Returns whether all readers have finished, so that the memory can be written again.
    fn is_released(&self) -> bool;

    /// Returns the memory as its own type.
    fn as_any(&self) -> &dyn Any;
}

/// Event in the command queue of a device.
pub trait DeviceEvent: Send + Sync + fmt::Debug {
    /// Returns whether the event has occurred.
    ///
    /// # Errors
    /// The device fails.
    fn is_done(&self) -> Result<bool>;

    /// Waits until the event has occurred.
    ///
    /// # Errors
    /// The device fails.
    fn wait(&self) -> Result<()>;

    /// Returns the event as its own type.
    fn as_any(&self) -> &dyn Any;
}

/// One plane of a frame in device memory, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DevicePlane {
    /// Offset of the first row from the start of the memory.
    pub offset: usize,
    /// Distance from one row to the next; negative if the last row is stored first.
    pub pitch: isize,
}

/// Pixels of a frame in device memory.
#[derive(Debug, Clone)]
pub struct DevicePixels {
    /// Owner of the memory, shared by clones.
    pub memory: Arc<dyn DeviceMemory>,
    /// Offsets and pitches of the planes.
    pub planes: [DevicePlane; 4],
    /// Event after which the pixels can be read; `None` if they are ready.
    pub ready: Option<Arc<dyn DeviceEvent>>,
}
