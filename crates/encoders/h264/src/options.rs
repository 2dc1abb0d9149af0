//! Options of the encoder, with x264's names, and its settings by them.

use std::num::NonZero;

use reelwright_core::{
    Error, OptionInfo, Options, Rational, Result, TimeBase, Timestamp, VideoEncoderRequest,
};

use crate::settings::{Profile, Rate, Settings, aspect, size, timing};

/// Default quantizer: near what x264's default looks like.
const DEFAULT_QP: u32 = 24;
/// The coarsest quantizer.
const MAX_QP: u32 = 51;
/// Seconds from one keyframe to the next, and the most frames.
const KEYFRAME_SECONDS: i64 = 5;
const MAX_GOP: u32 = 250;
/// Nominal rates above this are taken for a time base; frames are expected at the usual rate until
/// their times are known.
const FASTEST: f64 = 480.0;
const USUAL_RATE: i64 = 60;
/// Maximum number of slices of a frame.
const MAX_SLICES: usize = 35;
/// Maximum number of threads that share them.
const MAX_THREADS: usize = 16;
/// Height from which on frames have several slices, which threads share: below it one thread is fast
/// enough, and slices make files larger.
const HEIGHT_OF_SLICES: usize = 2160;
const USUAL_SLICES: usize = 4;

const PRESET: OptionInfo = OptionInfo::choice(
    "preset",
    &[
        ("ultrafast", "no CABAC and no deblocking filter, unless asked for"),
        ("superfast", "the usual one"),
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
    "how much time to take for smaller files: there is one degree, but for ultrafast",
);
const CRF: OptionInfo = OptionInfo::float(
    "crf",
    (-1.0, MAX_QP as f64),
    None,
    "constant quality, lower is better; rounded to a quantiser",
);
const QP: OptionInfo = OptionInfo::int(
    "qp",
    (-1, MAX_QP as i64),
    None,
    "constant quantiser, lower is better, and 2 lower for keyframes; 24 where no bit rate and no quality \
     is asked for",
);
const PROFILE: OptionInfo = OptionInfo::choice(
    "profile",
    &[
        ("baseline", "for the oldest players: no CABAC"),
        ("constrained_baseline", "the same"),
        ("main", "for every player of today"),
        ("high", "told as High, as some devices ask for"),
    ],
    "main",
    "which decoders must be able to play it",
);
const CODER: OptionInfo = OptionInfo::choice(
    "coder",
    &[
        ("default", "as the profile has it"),
        ("cabac", "arithmetic coding: smaller"),
        ("ac", "the same"),
        ("cavlc", "codes of whole bits: faster"),
        ("vlc", "the same"),
    ],
    "default",
    "entropy coder",
);
const TUNE: OptionInfo = OptionInfo::choice(
    "tune",
    &[
        ("none", "nothing in particular"),
        ("film", "a weaker deblocking filter"),
        ("animation", "a stronger deblocking filter"),
        ("grain", "a much weaker deblocking filter"),
        ("stillimage", "a very much weaker deblocking filter"),
        ("psnr", "nothing is done for the eye alone: nothing to leave out"),
        ("ssim", "the same"),
        ("fastdecode", "no CABAC and no deblocking filter"),
        ("zerolatency", "the encoder never keeps a picture back: nothing to do"),
    ],
    "none",
    "what to be good at",
);
const LOOPFILTER: OptionInfo =
    OptionInfo::bool("loopfilter", true, "whether block edges are smoothed");
const SLICES: OptionInfo = OptionInfo::int(
    "slices",
    (0, MAX_SLICES as i64),
    Some(0),
    "parts of a picture that are coded apart, which threads share; 0 is 4 from 2160 lines on, and \
     else 1",
);
const THREADS: OptionInfo = OptionInfo::int(
    "threads",
    (0, 64),
    Some(0),
    "threads that share the slices of a picture, at most 16; 0 is as many as there are processors",
);

const SC_THRESHOLD: OptionInfo = OptionInfo::int(
    "sc_threshold",
    (0, 100),
    Some(40),
    "how readily a picture that has little of the one before becomes a keyframe; 0 is never",
);

pub(crate) static OPTIONS: &[OptionInfo] =
    &[PRESET, CRF, QP, PROFILE, CODER, TUNE, LOOPFILTER, SC_THRESHOLD, SLICES, THREADS];

impl Settings {
    /// Takes the encoder's options.
    ///
    /// # Errors
    /// An option is not valid, or H.264 or this encoder does not support what is requested.
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
                "coder={coder} needs the profile main or high. Found: profile={profile}"
            )));
        }
        let cabac = match coder {
            "cabac" | "ac" => true,
            "cavlc" | "vlc" => false,
            _ => !is_baseline && tune != "fastdecode" && !is_ultrafast,
        };
        let profile = match profile {
            // What needs no more says no more.
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
        // A slice has a row of macroblocks at least.
        let slices = slices.clamp(1, height.div_ceil(16));
        let threads = match options.take_int(&THREADS)?.unwrap_or(0) as usize {
            0 => std::thread::available_parallelism().map_or(1, NonZero::get),
            threads => threads,
        };
        // The web has threads only where a page asks for them.
        let most = if cfg!(target_family = "wasm") { 1 } else { MAX_THREADS.min(slices) };
        let threads = threads.clamp(1, most);
        if request.config.max_b_frames.is_some_and(|frames| frames > 0) {
            log::warn!("h264 has no B-frames; max_b_frames is taken for 0.");
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

/// Takes the options of rate control. As in FFmpeg, a quality wins over a quantizer, and that over a
/// bit rate.
fn rate(request: &VideoEncoderRequest, options: &mut Options) -> Result<Rate> {
    // As x264 has it, negative ones are not set.
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
                "qscale of h264 must be a quantiser from 0 to {MAX_QP}. Found: {qscale}"
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
