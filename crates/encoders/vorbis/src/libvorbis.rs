//! Safe binding to libvorbis' encoder.

use std::ffi::{c_int, c_long};
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use aotuv_lancer_vorbis_sys as sys;
use ogg_next_sys::ogg_packet;

/// Rate control.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RateControl {
    /// Quality from -0.1 to 1.
    Quality(f32),
    /// Average bit rate in bit/s.
    Average(u64),
}

/// Error code of the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code(c_int);

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            sys::OV_EIMPL => f.write_str("it has no mode for this rate and quality"),
            sys::OV_EINVAL => f.write_str("an argument is out of range"),
            code => write!(f, "libvorbis failed with code {code}"),
        }
    }
}

fn check(code: c_int) -> Result<c_int, Code> {
    if code < 0 { Err(Code(code)) } else { Ok(code) }
}

/// Checks a call that also reports errors by positive codes.
fn check_zero(code: c_int) -> Result<(), Code> {
    if code == 0 { Ok(()) } else { Err(Code(code)) }
}

/// Packet of the library's buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawPacket<'a> {
    pub(crate) data: &'a [u8],
    /// Number of samples up to the packet's end.
    pub(crate) granule: i64,
}

/// The library's three structures. The state has a pointer to the settings and the block one to the
/// state, so they must not move.
///
/// The initial value of each is zero, which every `*_clear` function of the library accepts. They
/// can therefore be released after an initialization that failed halfway.
struct Parts {
    info: sys::vorbis_info,
    state: sys::vorbis_dsp_state,
    block: sys::vorbis_block,
}

/// Encoder of the library.
///
/// All access to the parts is through pointers derived from `parts`, never through references: the
/// library writes to the parts through the pointers that it keeps.
pub(crate) struct Vorbis {
    /// Allocation of a `Box` that this value owns.
    parts: NonNull<Parts>,
    channels: usize,
}

// SAFETY: this value owns the parts and all access to them is through it. The library has no
// thread-local state.
unsafe impl Send for Vorbis {}

impl Vorbis {
    pub(crate) fn new(
        sample_rate: u32,
        channels: usize,
        control: RateControl,
    ) -> Result<Self, Code> {
        let parts = Box::leak(Box::new(MaybeUninit::<Parts>::zeroed()));
        // Owns the allocation from here on, and releases it if an initialization fails.
        let vorbis = Self { parts: NonNull::from(parts).cast(), channels };
        let (info, state, block) = (vorbis.info(), vorbis.state(), vorbis.block());
        let (count, rate) = (channels as c_long, sample_rate as c_long);
        // SAFETY: the three pointers are to zeroed memory that does not move until `drop`. Each
        // call initializes its first argument from those that are complete.
        unsafe {
            sys::vorbis_info_init(info);
            check(match control {
                RateControl::Quality(quality) => {
                    sys::vorbis_encode_init_vbr(info, count, rate, quality)
                }
                RateControl::Average(bit_rate) => {
                    sys::vorbis_encode_init(info, count, rate, -1, bit_rate as c_long, -1)
                }
            })?;
            check_zero(sys::vorbis_analysis_init(state, info))?;
            check_zero(sys::vorbis_block_init(state, block))?;
        }
        Ok(vorbis)
    }

    fn info(&self) -> *mut sys::vorbis_info {
        // SAFETY: the allocation lives as long as `self`; no reference is made.
        unsafe { &raw mut (*self.parts.as_ptr()).info }
    }

    fn state(&self) -> *mut sys::vorbis_dsp_state {
        // SAFETY: the allocation lives as long as `self`; no reference is made.
        unsafe { &raw mut (*self.parts.as_ptr()).state }
    }

    fn block(&self) -> *mut sys::vorbis_block {
        // SAFETY: the allocation lives as long as `self`; no reference is made.
        unsafe { &raw mut (*self.parts.as_ptr()).block }
    }

    /// Returns the identification header and the setup header.
    pub(crate) fn headers(&mut self) -> Result<[Vec<u8>; 2], Code> {
        let mut comment = MaybeUninit::uninit();
        let mut packets = [const { MaybeUninit::<ogg_packet>::uninit() }; 3];
        let [identification, comments, setup] = packets.each_mut().map(MaybeUninit::as_mut_ptr);
        // SAFETY: the call fills three packets. Their bytes are valid as long as the state, and are
        // copied at once.
        unsafe {
            sys::vorbis_comment_init(comment.as_mut_ptr());
            let made = check(sys::vorbis_analysis_headerout(
                self.state(),
                comment.as_mut_ptr(),
                identification,
                comments,
                setup,
            ));
            let headers = made.map(|_| [bytes(&*identification).to_vec(), bytes(&*setup).to_vec()]);
            sys::vorbis_comment_clear(comment.as_mut_ptr());
            headers
        }
    }

    /// Writes samples: `fill` writes those of each channel, in Vorbis' order.
    pub(crate) fn write(
        &mut self,
        samples: usize,
        mut fill: impl FnMut(usize, &mut [f32]),
    ) -> Result<(), Code> {
        // SAFETY: the library returns an array with a buffer for each channel. Each has space for
        // `samples` samples and is valid until `vorbis_analysis_wrote`. Each is zeroed before a
        // slice is made.
        unsafe {
            let buffers = sys::vorbis_analysis_buffer(self.state(), samples as c_int);
            for channel in 0..self.channels {
                let buffer = *buffers.add(channel);
                ptr::write_bytes(buffer, 0, samples);
                fill(channel, std::slice::from_raw_parts_mut(buffer, samples));
            }
            check(sys::vorbis_analysis_wrote(self.state(), samples as c_int)).map(drop)
        }
    }

    /// Ends the stream.
    pub(crate) fn finish(&mut self) -> Result<(), Code> {
        // SAFETY: zero samples end the stream.
        check(unsafe { sys::vorbis_analysis_wrote(self.state(), 0) }).map(drop)
    }

    /// Passes the packets that are ready to `take`.
    pub(crate) fn packets(&mut self, mut take: impl FnMut(RawPacket<'_>)) -> Result<(), Code> {
        // SAFETY: the calls are in the order that the library requires. A packet's bytes are valid
        // until the next call.
        unsafe {
            while check(sys::vorbis_analysis_blockout(self.state(), self.block()))? == 1 {
                check(sys::vorbis_analysis(self.block(), ptr::null_mut()))?;
                check(sys::vorbis_bitrate_addblock(self.block()))?;
                let mut packet = MaybeUninit::<ogg_packet>::uninit();
                while check(sys::vorbis_bitrate_flushpacket(self.state(), packet.as_mut_ptr()))?
                    == 1
                {
                    let packet = packet.assume_init_ref();
                    take(RawPacket { data: bytes(packet), granule: packet.granulepos });
                }
            }
        }
        Ok(())
    }
}

impl Drop for Vorbis {
    fn drop(&mut self) {
        // SAFETY: each part is initialized or zero, and is cleared before the part that it points
        // to. The allocation is that of a `Box` of this type, and is released once.
        unsafe {
            sys::vorbis_block_clear(self.block());
            sys::vorbis_dsp_clear(self.state());
            sys::vorbis_info_clear(self.info());
            drop(Box::from_raw(self.parts.cast::<MaybeUninit<Parts>>().as_ptr()));
        }
    }
}

/// Returns the bytes of a packet.
///
/// # Safety
/// The library must have filled the packet, and its bytes must still be valid.
unsafe fn bytes(packet: &ogg_packet) -> &[u8] {
    if packet.packet.is_null() || packet.bytes <= 0 {
        return &[];
    }
    // SAFETY: the library states the address and the number of the bytes.
    unsafe { std::slice::from_raw_parts(packet.packet, packet.bytes as usize) }
}
