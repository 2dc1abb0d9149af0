//! Options, with x264's names, and the settings that follow from them.

use std::num::NonZero;

use reelwright_core::{
    Error, OptionInfo, Options, Rational, Result, TimeBase, Timestamp, VideoEncoderRequest,
};

use crate::settings::{Profile, Rate, Settings, aspect, size, timing};

/// Default quantizer, similar in quality to x264's default.
const DEFAULT_QP: u32 = 24;
/// Largest quantizer.
const MAX_QP: u32 = 51;
/// Default keyframe interval in seconds, and its maximum in frames.
const KEYFRAME_SECONDS: i64 = 5;
const MAX_GOP: u32 = 250;
/// Nominal rate above which the rate is a time base. Until the times are known, the encoder then
/// assumes the usual rate.
const FASTEST: f64 = 480.0;
const USUAL_RATE: i64 = 60;
/// Maximum number of slices of a frame.
const MAX_SLICES: usize = 35;
/// Maximum number of threads that encode slices.
const MAX_THREADS: usize = 16;
/// Height from which frames have several slices, which threads share. Below, one thread is fast
/// enough, and slices make files larger.
const HEIGHT_OF_SLICES: usize = 2160;
const USUAL_SLICES: usize = 4;

const PRESET: OptionInfo = OptionInfo::choice(
    "preset",
    &[
        ("ultrafast", "no CABAC and no deblocking filter, unless other options enable them"),
        ("superfast", "default settings"),
        ("veryfast", "the same"),
        ("faster", "the same"),
        ("fast", "the same"),
        ("medium", "the same"),
        ("slow", "the same"),
        ("slower", "the same"),
        ("veryslow", "the same"),
        ("placebo", "the same"),
    ],
    "veryfast",
    "speed preset: all but ultrafast are the same",
);
const CRF: OptionInfo = OptionInfo::float(
    "crf",
    (-1.0, MAX_QP as f64),
    None,
    "constant quality, lower is better; rounded to a quantizer",
);
const QP: OptionInfo = OptionInfo::int(
    "qp",
    (-1, MAX_QP as i64),
    None,
    "constant quantizer, lower is better; keyframes use 2 less; 24 if neither bit rate nor quality \
     is set",
);
const PROFILE: OptionInfo = OptionInfo::choice(
    "profile",
    &[
        ("baseline", "for the oldest decoders: no CABAC"),
        ("constrained_baseline", "the same"),
        ("main", "for all current decoders"),
        ("high", "signaled as High, which some devices require"),
    ],
    "main",
    "profile that decoders must support",
);
const CODER: OptionInfo = OptionInfo::choice(
    "coder",
    &[
        ("default", "chosen by the profile"),
        ("cabac", "arithmetic coding: smaller files"),
        ("ac", "the same"),
        ("cavlc", "variable-length coding: faster encoding"),
        ("vlc", "the same"),
    ],
    "default",
    "entropy coder",
);
const TUNE: OptionInfo = OptionInfo::choice(
    "tune",
    &[
        ("none", "no tuning"),
        ("film", "a weaker deblocking filter"),
        ("animation", "a stronger deblocking filter"),
        ("grain", "a much weaker deblocking filter"),
        ("stillimage", "a very much weaker deblocking filter"),
        ("psnr", "no effect: there are no psychovisual optimizations"),
        ("ssim", "the same"),
        ("fastdecode", "no CABAC and no deblocking filter"),
        ("zerolatency", "no effect: the encoder has no delay"),
    ],
    "none",
    "content or purpose to tune for",
);
const LOOPFILTER: OptionInfo = OptionInfo::bool("loopfilter", true, "deblocking filter");
const SLICES: OptionInfo = OptionInfo::int(
    "slices",
    (0, MAX_SLICES as i64),
    Some(0),
    "slices per frame, which threads share; 0 uses 4 for frames of at least 2160 lines, and 1 \
     otherwise",
);
const THREADS: OptionInfo = OptionInfo::int(
    "threads",
    (0, 64),
    Some(0),
    "threads that encode the slices of a frame, at most 16; 0 uses one per processor",
);

const SC_THRESHOLD: OptionInfo = OptionInfo::int(
    "sc_threshold",
    (0, 100),
    Some(40),
    "scene cut sensitivity: higher values insert more keyframes; 0 disables detection",
);

pub(crate) static OPTIONS: &[OptionInfo] =
    &[PRESET, CRF, QP, PROFILE, CODER, TUNE, LOOPFILTER, SC_THRESHOLD, SLICES, THREADS];

impl Settings {
    /// Reads the encoder's options.
    ///
    /// # Errors
    /// Fails if an option is invalid, or if H.264 or this encoder does not support the request.
    pub(crate) fn from_options(
        request: &VideoEncoderRequest,
        options: &mut Options,
    ) -> Result<Self> {
        let (width, height) = size(request)?;
        let preset = options.take_choice(&PRESET)?;
        let loopfilter_given = options.contains(&LOOPFILTER);
        let mut loopfilter = options.take_bool(&LOOPFILTER)?;
        let tune = options.take_choice(&TUNE)?;
        let offset = match tune {
            "film" => -1,
            "animation" => 1,
            "grain" => -2,
            "stillimage" => -3,
            _ => 0,
        };
        let is_ultrafast = preset == "ultrafast";
        loopfilter &= loopfilter_given || (tune != "fastdecode" && !is_ultrafast);
        let profile_given = options.contains(&PROFILE);
        let (profile, coder) = (options.take_choice(&PROFILE)?, options.take_choice(&CODER)?);
        let is_baseline = matches!(profile, "baseline" | "constrained_baseline");
        if is_baseline && matches!(coder, "cabac" | "ac") {
            return Err(Error::option(format!(
                "coder={coder} requires the profile main or high. Found: profile={profile}"
            )));
        }
        let cabac = match coder {
            "cabac" | "ac" => true,
            "cavlc" | "vlc" => false,
            _ => !is_baseline && tune != "fastdecode" && !is_ultrafast,
        };
        let profile = match profile {
            // Baseline is enough without CABAC.
            "main" if !profile_given && !cabac => Profile::Baseline,
            "main" => Profile::Main,
            "high" => Profile::High,
            _ => Profile::Baseline,
        };
        let slices = match options.take_int(&SLICES)?.unwrap_or(0) as usize {
            0 if height < HEIGHT_OF_SLICES => 1,
            0 => USUAL_SLICES,
            slices => slices,
        };
        // A slice has at least one row of macroblocks.
        let slices = slices.clamp(1, height.div_ceil(16));
        let threads = match options.take_int(&THREADS)?.unwrap_or(0) as usize {
            0 => std::thread::available_parallelism().map_or(1, NonZero::get),
            threads => threads,
        };
        // WebAssembly has threads only if the page enables them.
        let most = if cfg!(target_family = "wasm") { 1 } else { MAX_THREADS.min(slices) };
        let threads = threads.clamp(1, most);
        if request.config.max_b_frames.is_some_and(|frames| frames > 0) {
            log::warn!("h264 does not support B-frames; max_b_frames is ignored.");
        }
        let mut frame_rate = request.frame_rate;
        if frame_rate.to_f64() > FASTEST {
            frame_rate = Rational::new(USUAL_RATE, 1)?;
        }
        let frames = (frame_rate.to_f64() * KEYFRAME_SECONDS as f64).round();
        let usual_gop = frames.clamp(1.0, MAX_GOP.into()) as u32;
        let given_gop = request.config.gop_size.map(|size| size.max(1));
        let gop_size = given_gop.unwrap_or(usual_gop);
        let seconds = TimeBase::new(Rational::new(KEYFRAME_SECONDS, 1)?);
        let interval = seconds.rescale(Timestamp(1), request.time_base).0.max(1);
        Ok(Self {
            width,
            height,
            profile,
            cabac,
            deblocking: loopfilter.then_some(offset),
            slices,
            threads,
            timing: timing(request.frame_rate)?,
            aspect: aspect(request.format.sample_aspect_ratio)?,
            color: request.format.color,
            rate: rate(request, options)?,
            frame_rate,
            gop_size,
            max_gop_size: given_gop.unwrap_or(if gop_size == 1 { 1 } else { MAX_GOP }),
            keyframe_interval: given_gop.is_none().then_some(interval),
            cut_share: 1.0 - options.take_int(&SC_THRESHOLD)?.unwrap_or(0) as f32 / 100.0,
        })
    }
}

/// Reads the options of rate control. As in FFmpeg, a quality has priority over a quantizer, and a
/// quantizer over a bit rate.
fn rate(request: &VideoEncoderRequest, options: &mut Options) -> Result<Rate> {
    // As in x264, negative values mean unset.
    let qp = options.take_int(&QP)?.filter(|qp| *qp >= 0);
    let crf = options.take_float(&CRF)?.filter(|crf| *crf >= 0.0);
    if let Some(crf) = crf {
        return Ok(Rate::Quantizer(crf.round() as u32));
    }
    if let Some(qp) = qp {
        return Ok(Rate::Quantizer(qp as u32));
    }
    if let Some(qscale) = request.config.qscale {
        if !(qscale >= 0.0 && qscale <= MAX_QP as f32) {
            return Err(Error::option(format!(
                "qscale of h264 must be a quantizer from 0 to {MAX_QP}. Found: {qscale}"
            )));
        }
        return Ok(Rate::Quantizer(qscale.round() as u32));
    }
    match request.config.bit_rate {
        None => Ok(Rate::Quantizer(DEFAULT_QP)),
        Some(bit_rate @ 1_000..=800_000_000) => Ok(Rate::Average(bit_rate)),
        Some(bit_rate) => Err(Error::option(format!(
            "bit_rate of h264 must be 1000 to 800000000 bits per second. Found: {bit_rate}"
        ))),
    }
}
