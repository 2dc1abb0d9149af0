//! Memory of devices, such as a GPU, that holds frames.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::{PlanesMut, Result, VideoFormat};

/// Kind of memory that frames are in: that of the host, or of a kind of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MemoryKind(&'static str);

impl MemoryKind {
    /// Memory of the processor.
    pub const HOST: Self = Self("host");

    /// Memory of a kind of device, such as `cuda`.
    pub const fn device(name: &'static str) -> Self {
        Self(name)
    }

    /// Name of the kind.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for MemoryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Owner of memory of a device.
pub trait DeviceMemory: Send + Sync + fmt::Debug {
    /// Kind of the memory.
    fn kind(&self) -> MemoryKind;

    /// Copies the rows of a frame in this memory, whose content is ready, to host memory.
    ///
    /// # Errors
    /// The device's.
    fn download(
        &self,
        format: &VideoFormat,
        planes: &[DevicePlane; 4],
        to: PlanesMut<'_>,
    ) -> Result<()>;

    /// Keeps the memory from being written or freed before a reader has finished, also after its
    /// last handle is gone.
    fn release_after(&self, reader: Arc<dyn DeviceEvent>);

    /// Returns whether all readers have finished: the memory can be written again.
    fn is_released(&self) -> bool;

    /// The memory as its own type, for those who know the kind.
    fn as_any(&self) -> &dyn Any;
}

/// A point in the work of a device.
pub trait DeviceEvent: Send + Sync + fmt::Debug {
    /// Returns whether the device has reached it.
    ///
    /// # Errors
    /// The device's.
    fn is_done(&self) -> Result<bool>;

    /// Waits until the device has reached it.
    ///
    /// # Errors
    /// The device's.
    fn wait(&self) -> Result<()>;

    /// The event as its own type, for those who know the device.
    fn as_any(&self) -> &dyn Any;
}

/// One plane of a frame in the memory of a device, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DevicePlane {
    /// Offset of the first row from the start of the memory.
    pub offset: usize,
    /// Distance from one row to the next; negative if the last row is stored first.
    pub pitch: isize,
}

/// A frame's pixels in the memory of a device.
#[derive(Debug, Clone)]
pub struct DevicePixels {
    /// Owner of the memory, which clones share.
    pub memory: Arc<dyn DeviceMemory>,
    /// Places of the planes.
    pub planes: [DevicePlane; 4],
    /// Event after which the pixels can be read; `None` if they can be now.
    pub ready: Option<Arc<dyn DeviceEvent>>,
}
