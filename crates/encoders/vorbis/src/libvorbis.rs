//! The library's encoder, made safe.

use std::ffi::{c_int, c_long};
use std::mem::MaybeUninit;
use std::ptr;

use aotuv_lancer_vorbis_sys as sys;
use ogg_next_sys::ogg_packet;

/// How the bit rate is steered.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RateControl {
    /// -0.1 to 1.
    Quality(f32),
    /// Average bits per second.
    Average(u64),
}

/// An error code of the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code(c_int);

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            sys::OV_EIMPL => f.write_str("there is no mode for this rate and quality"),
            sys::OV_EINVAL => f.write_str("an argument is out of range"),
            code => write!(f, "libvorbis failed with code {code}"),
        }
    }
}

fn check(code: c_int) -> Result<c_int, Code> {
    if code < 0 { Err(Code(code)) } else { Ok(code) }
}

/// A packet on its way out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawPacket<'a> {
    pub(crate) data: &'a [u8],
    /// Samples up to the packet's end.
    pub(crate) granule: i64,
}

/// An encoder. Its parts point at each other, so that each stays where it is.
pub(crate) struct Vorbis {
    info: Box<sys::vorbis_info>,
    state: Box<sys::vorbis_dsp_state>,
    block: Box<sys::vorbis_block>,
    channels: usize,
}

// SAFETY: the parts are owned, and the library keeps nothing per thread.
unsafe impl Send for Vorbis {}

/// Settings under construction, cleared again if they are refused.
struct Info(Box<sys::vorbis_info>);

impl Info {
    fn new() -> Self {
        let mut info = Box::new(MaybeUninit::uninit());
        // SAFETY: it fills all of what it is given.
        unsafe {
            sys::vorbis_info_init(info.as_mut_ptr());
            Self(info.assume_init())
        }
    }
}

impl Drop for Info {
    fn drop(&mut self) {
        // SAFETY: it was initialised, and may be cleared twice.
        unsafe { sys::vorbis_info_clear(&mut *self.0) };
    }
}

impl Vorbis {
    pub(crate) fn new(
        sample_rate: u32,
        channels: usize,
        control: RateControl,
    ) -> Result<Self, Code> {
        let mut info = Info::new();
        let (count, rate) = (channels as c_long, sample_rate as c_long);
        // SAFETY: the settings were initialised.
        check(unsafe {
            match control {
                RateControl::Quality(quality) => {
                    sys::vorbis_encode_init_vbr(&mut *info.0, count, rate, quality)
                }
                RateControl::Average(bit_rate) => {
                    sys::vorbis_encode_init(&mut *info.0, count, rate, -1, bit_rate as c_long, -1)
                }
            }
        })?;
        let mut state = Box::new(MaybeUninit::uninit());
        let mut block = Box::new(MaybeUninit::uninit());
        // SAFETY: the settings are complete and stay where they are; each call fills all of what
        // it is given.
        let (state, block) = unsafe {
            check(sys::vorbis_analysis_init(state.as_mut_ptr(), &mut *info.0))?;
            let mut state = state.assume_init();
            if let Err(code) = check(sys::vorbis_block_init(&mut *state, block.as_mut_ptr())) {
                sys::vorbis_dsp_clear(&mut *state);
                return Err(code);
            }
            (state, block.assume_init())
        };
        let info = std::mem::ManuallyDrop::new(info);
        // SAFETY: the settings are taken out once, and not dropped there.
        let info = unsafe { ptr::read(&info.0) };
        Ok(Self { info, state, block, channels })
    }

    /// The identification header and the setup header.
    pub(crate) fn headers(&mut self) -> Result<[Vec<u8>; 2], Code> {
        let mut comment = MaybeUninit::uninit();
        let mut packets = [const { MaybeUninit::<ogg_packet>::uninit() }; 3];
        let [identification, comments, setup] = packets.each_mut().map(MaybeUninit::as_mut_ptr);
        // SAFETY: the call fills three packets, whose bytes live as long as the state does and
        // are copied at once.
        unsafe {
            sys::vorbis_comment_init(comment.as_mut_ptr());
            let made = check(sys::vorbis_analysis_headerout(
                &mut *self.state,
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

    /// Takes samples in: `fill` fills each channel's, in Vorbis' order.
    pub(crate) fn write(
        &mut self,
        samples: usize,
        mut fill: impl FnMut(usize, &mut [f32]),
    ) -> Result<(), Code> {
        // SAFETY: the library lends a buffer for each channel with room for `samples`, until they
        // are said to be written.
        unsafe {
            let buffers = sys::vorbis_analysis_buffer(&mut *self.state, samples as c_int);
            for channel in 0..self.channels {
                let buffer = *buffers.add(channel);
                ptr::write_bytes(buffer, 0, samples);
                fill(channel, std::slice::from_raw_parts_mut(buffer, samples));
            }
            check(sys::vorbis_analysis_wrote(&mut *self.state, samples as c_int)).map(drop)
        }
    }

    /// Says that all samples were written.
    pub(crate) fn finish(&mut self) -> Result<(), Code> {
        // SAFETY: no samples mean the end.
        check(unsafe { sys::vorbis_analysis_wrote(&mut *self.state, 0) }).map(drop)
    }

    /// Hands on the packets that are ready.
    pub(crate) fn packets(&mut self, mut take: impl FnMut(RawPacket<'_>)) -> Result<(), Code> {
        // SAFETY: the calls come in the order that the library asks for; a packet's bytes are
        // valid until the next call.
        unsafe {
            while check(sys::vorbis_analysis_blockout(&mut *self.state, &mut *self.block))? == 1 {
                check(sys::vorbis_analysis(&mut *self.block, ptr::null_mut()))?;
                check(sys::vorbis_bitrate_addblock(&mut *self.block))?;
                let mut packet = MaybeUninit::<ogg_packet>::uninit();
                while check(sys::vorbis_bitrate_flushpacket(&mut *self.state, packet.as_mut_ptr()))?
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
        // SAFETY: each part was initialised, and is cleared before what it points at.
        unsafe {
            sys::vorbis_block_clear(&mut *self.block);
            sys::vorbis_dsp_clear(&mut *self.state);
            sys::vorbis_info_clear(&mut *self.info);
        }
    }
}

/// The bytes of a packet.
///
/// # Safety
/// The packet must be one that the library has just filled.
unsafe fn bytes(packet: &ogg_packet) -> &[u8] {
    if packet.packet.is_null() || packet.bytes <= 0 {
        return &[];
    }
    // SAFETY: the library says where the bytes are and how many.
    unsafe { std::slice::from_raw_parts(packet.packet, packet.bytes as usize) }
}
