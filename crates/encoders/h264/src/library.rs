//! The library's encoder, made safe.

use std::ffi::{c_int, c_void};
use std::ptr;

use openh264_sys2 as sys;
use reelwright_core::{
    ColorInfo, ColorRange, Error, MatrixCoefficients, Rational, Result, VideoFrame,
};

use crate::config::{Config, Effort, MIN_SIZE, Profile, Rate};

/// The frame rates that the library counts with.
const MIN_FRAME_RATE: f32 = 1.0;
const MAX_FRAME_RATE: f32 = 60.0;

/// What a picture became.
pub(crate) struct Coded {
    pub(crate) is_keyframe: bool,
}

/// An encoder.
pub(crate) struct Library {
    encoder: *mut sys::ISVCEncoder,
    /// What the library fills in, kept because it is large.
    info: Box<sys::SFrameBSInfo>,
    parameters: Box<sys::SEncParamExt>,
    width: c_int,
    height: c_int,
}

// SAFETY: the encoder is owned, and the library keeps nothing per thread of its caller.
unsafe impl Send for Library {}

impl Library {
    pub(crate) fn new(
        (width, height): (u32, u32),
        frame_rate: Rational,
        color: ColorInfo,
        config: &Config,
    ) -> Result<Self> {
        let refused = || {
            Error::unsupported(format!(
                "libopenh264 takes pictures of 16x16 up to the area of 4096x2304. Found: \
                 {width}x{height}. Pass other encoder_width and encoder_height."
            ))
        };
        if width < MIN_SIZE || height < MIN_SIZE {
            return Err(refused());
        }
        let mut library = Self {
            encoder: ptr::null_mut(),
            info: Box::default(),
            parameters: Box::default(),
            width: c_int::try_from(width).map_err(|_| refused())?,
            height: c_int::try_from(height).map_err(|_| refused())?,
        };
        // SAFETY: it fills in the pointer.
        let code = unsafe { sys::source::APILoader::WelsCreateSVCEncoder(&mut library.encoder) };
        check(code, "make an encoder")?;
        if library.encoder.is_null() {
            return Err(failed("make an encoder", 0));
        }
        let mut quiet: c_int = sys::WELS_LOG_QUIET;
        let set_option = library.table().SetOption.ok_or_else(incomplete)?;
        let level = ptr::from_mut(&mut quiet).cast::<c_void>();
        // SAFETY: the encoder is there; the option's value is an int.
        unsafe { set_option(library.encoder, sys::ENCODER_OPTION_TRACE_LEVEL, level) };
        *library.parameters = library.parameters(frame_rate, color, config)?;
        let initialize = library.table().InitializeExt.ok_or_else(incomplete)?;
        // SAFETY: the encoder is there and the parameters outlive the call.
        let code = unsafe { initialize(library.encoder, &*library.parameters) };
        if code != 0 {
            return Err(refused());
        }
        Ok(library)
    }

    /// The functions of the encoder.
    fn table(&self) -> &sys::ISVCEncoderVtbl {
        // SAFETY: the encoder is not null, and points to its table for as long as it lives.
        unsafe { &**self.encoder }
    }

    fn parameters(
        &self,
        frame_rate: Rational,
        color: ColorInfo,
        config: &Config,
    ) -> Result<sys::SEncParamExt> {
        let mut parameters = sys::SEncParamExt::default();
        let defaults = self.table().GetDefaultParams.ok_or_else(incomplete)?;
        // SAFETY: the encoder is there; the parameters are filled in.
        check(unsafe { defaults(self.encoder, &mut parameters) }, "tell its defaults")?;
        // Nothing but the level depends on it.
        let frame_rate = (frame_rate.to_f64() as f32).clamp(MIN_FRAME_RATE, MAX_FRAME_RATE);
        let p = &mut parameters;
        (p.iPicWidth, p.iPicHeight) = (self.width, self.height);
        p.fMaxFrameRate = frame_rate;
        p.iUsageType = sys::CAMERA_VIDEO_REAL_TIME;
        p.uiIntraPeriod = config.gop_size;
        p.iComplexityMode = match config.effort {
            Effort::Low => sys::LOW_COMPLEXITY,
            Effort::High => sys::HIGH_COMPLEXITY,
        };
        p.iEntropyCodingModeFlag = config.cabac.into();
        p.eSpsPpsIdStrategy = sys::CONSTANT_ID;
        // A picture that is left out is lost.
        p.bEnableFrameSkip = false;
        p.bEnableSceneChangeDetect = true;
        p.bEnableBackgroundDetection = false;
        p.bEnableAdaptiveQuant = false;
        p.bUseLoadBalancing = false;
        p.iMultipleThreadIdc = config.threads as u16;
        p.iLoopFilterDisableIdc = config.deblocking.is_none().into();
        p.iLoopFilterAlphaC0Offset = config.deblocking.unwrap_or_default();
        p.iLoopFilterBetaOffset = config.deblocking.unwrap_or_default();
        let layer = &mut p.sSpatialLayers[0];
        p.iRCMode = sys::RC_OFF_MODE;
        layer.iDLayerQp = match config.rate {
            Rate::Quantizer(qp) => qp as c_int,
            // Set for each picture.
            Rate::Average(_) => 26,
        };
        (layer.iVideoWidth, layer.iVideoHeight) = (self.width, self.height);
        layer.fFrameRate = frame_rate;
        layer.uiProfileIdc = match config.profile {
            Profile::Baseline => sys::PRO_BASELINE,
            Profile::Main => sys::PRO_MAIN,
            Profile::High => sys::PRO_HIGH,
        };
        if config.slices > 1 {
            layer.sSliceArgument.uiSliceMode = sys::SM_FIXEDSLCNUM_SLICE;
            layer.sSliceArgument.uiSliceNum = config.slices as u32;
        } else {
            layer.sSliceArgument.uiSliceMode = sys::SM_SINGLE_SLICE;
        }
        layer.bVideoSignalTypePresent = true;
        layer.uiVideoFormat = sys::VF_UNDEF as u8;
        layer.bFullRange = color.range == ColorRange::Full;
        layer.bColorDescriptionPresent = color.matrix != MatrixCoefficients::Unspecified;
        layer.uiColorPrimaries = color.primaries.code();
        layer.uiTransferCharacteristics = color.transfer.code();
        layer.uiColorMatrix = color.matrix.code();
        Ok(parameters)
    }

    /// Sets the quantiser of the pictures that follow, 0 to 51.
    pub(crate) fn set_quantizer(&mut self, qp: u32) -> Result<()> {
        let layer = &mut self.parameters.sSpatialLayers[0];
        if layer.iDLayerQp == qp as c_int {
            return Ok(());
        }
        layer.iDLayerQp = qp as c_int;
        let set_option = self.table().SetOption.ok_or_else(incomplete)?;
        let parameters = ptr::from_mut(&mut *self.parameters).cast::<c_void>();
        // SAFETY: the encoder is initialised; the option's value are all parameters.
        let code = unsafe {
            set_option(self.encoder, sys::ENCODER_OPTION_SVC_ENCODE_PARAM_EXT, parameters)
        };
        check(code, "change its quantiser")
    }

    /// The NAL units of the parameter sets.
    pub(crate) fn parameter_sets(&mut self, mut take: impl FnMut(&[u8])) -> Result<()> {
        let sets = self.table().EncodeParameterSets.ok_or_else(incomplete)?;
        // SAFETY: the encoder is initialised; the info is filled in.
        check(unsafe { sets(self.encoder, &mut *self.info) }, "write parameter sets")?;
        self.nal_units(&mut take);
        Ok(())
    }

    /// Encodes a picture of 4:2:0 planes, which must have been checked, and brings its NAL units.
    pub(crate) fn encode(
        &mut self,
        frame: &VideoFrame<'_>,
        milliseconds: i64,
        mut take: impl FnMut(&[u8]),
    ) -> Result<Coded> {
        let mut picture = sys::SSourcePicture {
            iColorFormat: sys::videoFormatI420,
            iPicWidth: self.width,
            iPicHeight: self.height,
            uiTimeStamp: milliseconds,
            ..Default::default()
        };
        for (index, plane) in frame.planes[..3].iter().enumerate() {
            picture.iStride[index] = c_int::try_from(plane.stride)
                .map_err(|_| Error::chunk("A row of a frame is longer than libopenh264 counts."))?;
            // The library does not write to its input, but for C++ it could.
            picture.pData[index] = plane.data.as_ptr().cast_mut();
        }
        let encode = self.table().EncodeFrame.ok_or_else(incomplete)?;
        // SAFETY: the encoder is initialised for pictures of this size; the caller has seen to it
        // that every row lies in its plane, and the planes outlive the call.
        let code = unsafe { encode(self.encoder, &picture, &mut *self.info) };
        check(code, "encode a picture")?;
        self.nal_units(&mut take);
        Ok(Coded { is_keyframe: self.info.eFrameType == sys::videoFrameTypeIDR })
    }

    /// The NAL units of what was written last, without their start codes.
    fn nal_units(&self, take: &mut impl FnMut(&[u8])) {
        let layers = (self.info.iLayerNum.max(0) as usize).min(self.info.sLayerInfo.len());
        for layer in &self.info.sLayerInfo[..layers] {
            let mut start = 0;
            for index in 0..layer.iNalCount.max(0) as usize {
                // SAFETY: the library says that there are so many lengths and, one after the
                // other from the buffer's start, so many bytes; they last until its next call.
                let unit = unsafe {
                    let length = *layer.pNalLengthInByte.add(index) as usize;
                    std::slice::from_raw_parts(layer.pBsBuf.add(start), length)
                };
                start += unit.len();
                let code = unit.iter().position(|byte| *byte != 0).unwrap_or(unit.len());
                take(unit.get(code + 1..).unwrap_or_default());
            }
        }
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        if self.encoder.is_null() {
            return;
        }
        // SAFETY: the encoder is there, and destroyed once.
        unsafe {
            if let Some(uninitialize) = self.table().Uninitialize {
                uninitialize(self.encoder);
            }
            sys::source::APILoader::WelsDestroySVCEncoder(self.encoder);
        }
    }
}

fn check(code: c_int, what: &str) -> Result<()> {
    if code == 0 { Ok(()) } else { Err(failed(what, code)) }
}

fn failed(what: &str, code: c_int) -> Error {
    Error::unsupported(format!("libopenh264 could not {what}: its code is {code}."))
}

fn incomplete() -> Error {
    Error::unsupported("libopenh264 lacks a function.")
}
