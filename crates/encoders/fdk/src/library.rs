//! A safe wrapper of the library's encoder.

use std::ffi::{c_int, c_uint, c_void};
use std::mem::MaybeUninit;
use std::ptr;

use fdk_aac_sys as sys;

/// Error code of the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code(sys::AACENC_ERROR);

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            sys::AACENC_ERROR_AACENC_INIT_ERROR
            | sys::AACENC_ERROR_AACENC_INIT_AAC_ERROR
            | sys::AACENC_ERROR_AACENC_INIT_SBR_ERROR => {
                "the profile, sample rate, channels and bit rate do not fit together"
            }
            sys::AACENC_ERROR_AACENC_INVALID_CONFIG => "a value is out of the library's range",
            sys::AACENC_ERROR_AACENC_MEMORY_ERROR => "there is not enough memory",
            code => return write!(f, "the library failed with code {code:#x}"),
        })
    }
}

fn check(code: sys::AACENC_ERROR) -> Result<(), Code> {
    if code == sys::AACENC_ERROR_AACENC_OK { Ok(()) } else { Err(Code(code)) }
}

/// Properties of a configured encoder.
#[derive(Debug, Clone)]
pub(crate) struct Info {
    /// Samples per channel in a packet.
    pub(crate) frame_size: usize,
    /// Number of priming samples.
    pub(crate) delay: u32,
    pub(crate) audio_specific_config: Vec<u8>,
    /// Maximum number of bytes in a packet.
    pub(crate) max_bytes: usize,
}

/// Handle of an encoder.
pub(crate) struct Library {
    handle: sys::HANDLE_AACENCODER,
}

// SAFETY: this owns the handle, and the library has no thread-local state.
unsafe impl Send for Library {}

impl Library {
    pub(crate) fn new(channels: usize) -> Result<Self, Code> {
        let mut handle = ptr::null_mut();
        // SAFETY: the call sets the handle. 0 selects all modules.
        check(unsafe { sys::aacEncOpen(&mut handle, 0, channels as c_uint) })?;
        Ok(Self { handle })
    }

    pub(crate) fn set(&mut self, parameter: sys::AACENC_PARAM, value: u32) -> Result<(), Code> {
        // SAFETY: the handle is open.
        check(unsafe { sys::aacEncoder_SetParam(self.handle, parameter, value) })
    }

    /// Applies the parameters.
    pub(crate) fn configure(&mut self) -> Result<Info, Code> {
        let mut info = MaybeUninit::<sys::AACENC_InfoStruct>::zeroed();
        // SAFETY: a call without buffers applies the parameters. The other one fills `info`, for
        // which all bytes 0 is a valid value.
        let info = unsafe {
            check(sys::aacEncEncode(
                self.handle,
                ptr::null(),
                ptr::null(),
                ptr::null(),
                ptr::null_mut(),
            ))?;
            check(sys::aacEncInfo(self.handle, info.as_mut_ptr()))?;
            info.assume_init()
        };
        let size = (info.confSize as usize).min(info.confBuf.len());
        Ok(Info {
            frame_size: info.frameLength as usize,
            delay: info.nDelay,
            audio_specific_config: info.confBuf[..size].to_vec(),
            max_bytes: info.maxOutBufBytes as usize,
        })
    }

    /// Encodes a frame of interleaved samples, or flushes the encoder if there is none. Returns the
    /// bytes of the packet, or `None` if the encoder is empty.
    pub(crate) fn encode(
        &mut self,
        samples: Option<&[i16]>,
        packet: &mut [u8],
    ) -> Result<Option<usize>, Code> {
        let count = samples.map_or(-1, |samples| samples.len() as c_int);
        // The library does not write to its input, but its C signature is not `const`.
        let mut input = samples.map_or(ptr::null_mut(), |s| s.as_ptr().cast_mut().cast::<c_void>());
        let mut input_id = sys::AACENC_BufferIdentifier_IN_AUDIO_DATA as c_int;
        let mut input_size = 2 * count.max(0);
        let mut input_element = 2;
        let input = sys::AACENC_BufDesc {
            numBufs: 1,
            bufs: &mut input,
            bufferIdentifiers: &mut input_id,
            bufSizes: &mut input_size,
            bufElSizes: &mut input_element,
        };
        let mut output = packet.as_mut_ptr().cast::<c_void>();
        let mut output_id = sys::AACENC_BufferIdentifier_OUT_BITSTREAM_DATA as c_int;
        let mut output_size = packet.len() as c_int;
        let mut output_element = 1;
        let output = sys::AACENC_BufDesc {
            numBufs: 1,
            bufs: &mut output,
            bufferIdentifiers: &mut output_id,
            bufSizes: &mut output_size,
            bufElSizes: &mut output_element,
        };
        let arguments = sys::AACENC_InArgs { numInSamples: count, numAncBytes: 0 };
        let mut result = MaybeUninit::<sys::AACENC_OutArgs>::zeroed();
        // SAFETY: the buffers have the stated sizes and outlive the call. All bytes 0 is a valid
        // result.
        let (code, result) = unsafe {
            let code =
                sys::aacEncEncode(self.handle, &input, &output, &arguments, result.as_mut_ptr());
            (code, result.assume_init())
        };
        if code == sys::AACENC_ERROR_AACENC_ENCODE_EOF {
            return Ok(None);
        }
        check(code)?;
        Ok(Some(result.numOutBytes.max(0) as usize))
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        // SAFETY: the handle is open, and this is the only place that closes it.
        unsafe { sys::aacEncClose(&mut self.handle) };
    }
}
