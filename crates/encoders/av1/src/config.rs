//! Configuration and its defaults.

use rav1e::prelude::{
    ChromaSamplePosition, ChromaSampling, ColorDescription, ColorPrimaries, EncoderConfig,
    MatrixCoefficients, PixelRange, Rational, TransferCharacteristics,
};
use reelwright_core::{
    ChromaLocation, ColorInfo, ColorModel, ColorRange, Error, OptionInfo, Options, PixelFormat,
    Result, VideoEncoderRequest,
};

/// Default quantizer, as in rav1e.
const DEFAULT_QP: usize = 100;
/// Largest quantizer.
const MAX_QP: usize = 255;
/// Seconds between keyframes, and the maximum number of frames between them.
pub(crate) const KEYFRAME_SECONDS: f64 = 5.0;
const MAX_GOP: f64 = 250.0;
/// Nominal frame rate above which the rate is a time base. The first two frames then determine the
/// rate.
const FASTEST: f64 = 480.0;
/// Assumed frame rate until then.
const USUAL_RATE: i64 = 60;
/// Size of the bit reservoir in seconds of the bit rate. rav1e's default of up to ten seconds
/// misses the bit rate of short files by far.
const RESERVOIR_SECONDS: f64 = 2.0;
/// Height from which frames are divided into tiles for threads. Files become 1 % larger, and speed
/// scales with the number of processors.
const HEIGHT_OF_TILES: u32 = 720;
const USUAL_TILES: usize = 4;

const SPEED: OptionInfo =
    OptionInfo::int("speed", (0, 10), Some(10), "0 is slowest and smallest, 10 fastest");
const CPU_USED: OptionInfo = OptionInfo::int(
    "cpu-used",
    (0, 8),
    None,
    "speed on libaom's scale; 0 to 8 correspond to speed 0 to 10",
);
const PRESET: OptionInfo = OptionInfo::int(
    "preset",
    (0, 13),
    None,
    "speed on SVT-AV1's scale; 0 to 13 correspond to speed 0 to 10",
);
const CRF: OptionInfo = OptionInfo::float(
    "crf",
    (-1.0, 63.0),
    None,
    "quality on the scale of libaom and SVT-AV1: the quantizer divided by 4; lower is better",
);
const QP: OptionInfo = OptionInfo::int(
    "qp",
    (0, MAX_QP as i64),
    None,
    "constant quantizer, lower is better; 100 if neither bit rate nor quality is set",
);
const TILES: OptionInfo = OptionInfo::int(
    "tiles",
    (0, 4096),
    Some(0),
    "minimum number of tiles per frame, which threads share; 0 uses 4 for frames of at least 720 \
     lines, and the minimum otherwise",
);
const TILE_COLUMNS: OptionInfo =
    OptionInfo::int("tile-columns", (0, 64), Some(0), "tile columns, a power of 2; 0 is automatic");
const TILE_ROWS: OptionInfo =
    OptionInfo::int("tile-rows", (0, 64), Some(0), "tile rows, a power of 2; 0 is automatic");
const LOW_LATENCY: OptionInfo = OptionInfo::bool(
    "low_latency",
    false,
    "encode each frame immediately, without lookahead and reordering",
);
const THREADS: OptionInfo = OptionInfo::int(
    "threads",
    (0, 64),
    Some(0),
    "threads that encode tiles; 0 uses one per processor; the number does not change the output",
);

pub(crate) static OPTIONS: &[OptionInfo] =
    &[SPEED, CPU_USED, PRESET, QP, CRF, TILES, TILE_COLUMNS, TILE_ROWS, LOW_LATENCY, THREADS];

/// Number of frames in a group that rav1e reorders.
const REORDERED: usize = 4;

/// Settings of the encoder, and of this wrapper.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) encoder: EncoderConfig,
    pub(crate) threads: usize,
    /// Frames between keyframes, if given.
    gop_size: Option<u64>,
    /// The frame rate is a guess until two frames determine it.
    pub(crate) is_guess: bool,
}

impl Plan {
    /// Sets the frame rate and the settings that depend on it.
    ///
    /// # Errors
    /// Fails if the encoder does not support the rate.
    pub(crate) fn set_rate(&mut self, rate: reelwright_core::Rational) -> Result<()> {
        let rejected =
            || Error::unsupported(format!("librav1e does not support the frame rate {rate}."));
        let term = |term: i64| u64::try_from(term).map_err(|_| rejected());
        check_rate(&self.encoder, rate.to_f64())?;
        let config = &mut self.encoder;
        config.time_base = Rational::new(term(rate.den())?, term(rate.num())?);
        let usual_gop = (rate.to_f64() * KEYFRAME_SECONDS).clamp(1.0, MAX_GOP).round() as u64;
        let gop = self.gop_size.unwrap_or(usual_gop);
        config.min_key_frame_interval = config.min_key_frame_interval.min(gop);
        config.max_key_frame_interval = gop;
        if config.bitrate > 0 {
            let frames = rate.to_f64() * RESERVOIR_SECONDS;
            config.reservoir_frame_delay = Some(frames.round().clamp(12.0, 131_072.0) as i32);
        }
        Ok(())
    }

    /// Maximum number of frames that the encoder holds: its lookahead for keyframes and for the
    /// cost of references, a reordered group, and one frame while the frame rate is a guess.
    pub(crate) const fn max_delay(&self) -> usize {
        2 * self.encoder.speed_settings.rdo_lookahead_frames + REORDERED + 2
    }

    /// Seconds between keyframes, if `gop_size` is not set.
    pub(crate) fn keyframe_seconds(&self) -> Option<f64> {
        self.gop_size.is_none().then_some(KEYFRAME_SECONDS)
    }
}

/// Returns the encoder's settings.
pub(crate) fn config(request: &VideoEncoderRequest, options: &mut Options) -> Result<Plan> {
    let mut request = request.clone();
    let is_guess = request.frame_rate.to_f64() > FASTEST;
    if is_guess {
        request.frame_rate = reelwright_core::Rational::new(USUAL_RATE, 1)?;
    }
    let request = &request;
    let speed = speed(options)?;
    let crf =
        options.take_float(&CRF)?.filter(|crf| *crf >= 0.0).map(|crf| (4.0 * crf).round() as i64);
    let qp = match (crf.or(options.take_int(&QP)?), request.config.qscale) {
        (Some(qp), _) => Some(qp as usize),
        (None, Some(qscale)) if (0.0..=MAX_QP as f32).contains(&qscale) => {
            Some(qscale.round() as usize)
        }
        (None, Some(qscale)) => {
            return Err(Error::option(format!(
                "qscale of librav1e must be a quantizer from 0 to {MAX_QP}. Found: {qscale}"
            )));
        }
        (None, None) => None,
    };
    let bit_rate = match (qp, request.config.bit_rate) {
        (Some(_), _) | (None, None) => None,
        (None, Some(bit_rate @ 1_000..=800_000_000)) => Some(bit_rate as i32),
        (None, Some(bit_rate)) => {
            return Err(Error::option(format!(
                "bit_rate of librav1e must be 1000 to 800000000 bits per second. Found: {bit_rate}"
            )));
        }
    };
    let mut config = EncoderConfig::with_speed_preset(speed);
    config.width = request.format.width as usize;
    config.height = request.format.height as usize;
    let aspect = request.format.sample_aspect_ratio;
    config.sample_aspect_ratio =
        Rational::new(aspect.num().unsigned_abs(), aspect.den().unsigned_abs());
    let format = request.format.pixel_format;
    config.bit_depth = format.depth() as usize;
    config.chroma_sampling = match format.model() {
        ColorModel::Gray => ChromaSampling::Cs400,
        ColorModel::Rgb | ColorModel::Yuv => match format.chroma_shift() {
            (1, 1) => ChromaSampling::Cs420,
            (1, _) => ChromaSampling::Cs422,
            _ => ChromaSampling::Cs444,
        },
    };
    config.chroma_sample_position =
        match (config.chroma_sampling, request.format.color.chroma_location) {
            (ChromaSampling::Cs420, ChromaLocation::Left) => ChromaSamplePosition::Vertical,
            _ => ChromaSamplePosition::Unknown,
        };
    config.pixel_range = match request.format.color.range {
        ColorRange::Full => PixelRange::Full,
        _ => PixelRange::Limited,
    };
    config.color_description = color(request.format.color, format);
    config.low_latency = options.take_bool(&LOW_LATENCY)?;
    // In bit rate mode, this is the largest quantizer that rate control may use.
    config.quantizer = if bit_rate.is_some() { MAX_QP } else { qp.unwrap_or(DEFAULT_QP) };
    config.bitrate = bit_rate.unwrap_or(0);
    config.tiles = options.take_int(&TILES)?.unwrap_or(0) as usize;
    config.tile_cols = power_of_2(&TILE_COLUMNS, options)?;
    config.tile_rows = power_of_2(&TILE_ROWS, options)?;
    let has_grid = config.tile_cols + config.tile_rows > 0;
    if config.tiles > 0 && has_grid {
        return Err(Error::option("tiles cannot be given with tile-columns or tile-rows."));
    }
    if config.tiles == 0 && !has_grid && request.format.height >= HEIGHT_OF_TILES {
        config.tiles = USUAL_TILES;
    }
    let threads = options.take_int(&THREADS)?.unwrap_or(0) as usize;
    let gop_size = request.config.gop_size.map(|size| size.max(1).into());
    let mut plan = Plan { encoder: config, threads, gop_size, is_guess };
    plan.set_rate(request.frame_rate)?;
    Ok(plan)
}

/// Reads the speed from the option of any of the three encoders.
fn speed(options: &mut Options) -> Result<u8> {
    let is_given = options.contains(&SPEED);
    let usual = options.take_int(&SPEED)?;
    let as_own =
        |value: Option<i64>, most: i64| value.map(|value| (20 * value + most) / (2 * most));
    let (libaom, svt) = (options.take_int(&CPU_USED)?, options.take_int(&PRESET)?);
    let given = [usual.filter(|_| is_given), as_own(libaom, 8), as_own(svt, 13)];
    if given.iter().flatten().count() > 1 {
        return Err(Error::option("Only one of speed, cpu-used and preset can be given."));
    }
    Ok(given.into_iter().flatten().next().or(usual).unwrap_or(10) as u8)
}

/// Maximum luma samples per second of a tile: the limit of level 6.2 (AV1 specification, annex
/// A.3).
const MAX_TILE_RATE: f64 = 4096.0 * 2176.0 * 60.0 * 1.1;

/// # Errors
/// Fails if the frame rate needs more tiles than the frame has rows of superblocks.
fn check_rate(config: &EncoderConfig, rate: f64) -> Result<()> {
    let (width, height) = (config.width.next_multiple_of(8), config.height.next_multiple_of(8));
    let samples = width as f64 * height as f64;
    let most_tiles = height.div_ceil(64).next_power_of_two().min(64);
    let most = most_tiles as f64 * MAX_TILE_RATE / samples;
    if rate <= most {
        return Ok(());
    }
    Err(Error::unsupported(format!(
        "librav1e supports at most {most:.0} frames per second at {}x{}. Found: {rate}",
        config.width, config.height
    )))
}

fn power_of_2(option: &OptionInfo, options: &mut Options) -> Result<usize> {
    let count = options.take_int(option)?.unwrap_or(0) as usize;
    if count == 0 || count.is_power_of_two() {
        return Ok(count);
    }
    Err(Error::option(format!("{} must be a power of 2, at most 64. Found: {count}", option.name)))
}

fn color(color: ColorInfo, format: PixelFormat) -> Option<ColorDescription> {
    use reelwright_core as core;
    let matrix_coefficients = match color.matrix {
        _ if format.model() == ColorModel::Gray => MatrixCoefficients::Unspecified,
        core::MatrixCoefficients::Bt709 => MatrixCoefficients::BT709,
        core::MatrixCoefficients::Bt470Bg => MatrixCoefficients::BT470BG,
        core::MatrixCoefficients::Smpte170M => MatrixCoefficients::BT601,
        core::MatrixCoefficients::Fcc => MatrixCoefficients::FCC,
        core::MatrixCoefficients::Smpte240M => MatrixCoefficients::SMPTE240,
        core::MatrixCoefficients::Ycgco => MatrixCoefficients::YCgCo,
        core::MatrixCoefficients::Bt2020NonConstant => MatrixCoefficients::BT2020NCL,
        core::MatrixCoefficients::Bt2020Constant => MatrixCoefficients::BT2020CL,
        core::MatrixCoefficients::Smpte2085 => MatrixCoefficients::SMPTE2085,
        core::MatrixCoefficients::DerivedNonConstant => MatrixCoefficients::ChromatNCL,
        core::MatrixCoefficients::DerivedConstant => MatrixCoefficients::ChromatCL,
        core::MatrixCoefficients::Ictcp => MatrixCoefficients::ICtCp,
        _ => MatrixCoefficients::Unspecified,
    };
    let color_primaries = match color.primaries {
        core::ColorPrimaries::Bt709 => ColorPrimaries::BT709,
        core::ColorPrimaries::Bt470Bg => ColorPrimaries::BT470BG,
        core::ColorPrimaries::Smpte170M => ColorPrimaries::BT601,
        core::ColorPrimaries::Bt470M => ColorPrimaries::BT470M,
        core::ColorPrimaries::Smpte240M => ColorPrimaries::SMPTE240,
        core::ColorPrimaries::Film => ColorPrimaries::GenericFilm,
        core::ColorPrimaries::Bt2020 => ColorPrimaries::BT2020,
        core::ColorPrimaries::Smpte428 => ColorPrimaries::XYZ,
        core::ColorPrimaries::Smpte431 => ColorPrimaries::SMPTE431,
        core::ColorPrimaries::Smpte432 => ColorPrimaries::SMPTE432,
        core::ColorPrimaries::Ebu3213 => ColorPrimaries::EBU3213,
        _ => ColorPrimaries::Unspecified,
    };
    let transfer_characteristics = match color.transfer {
        core::TransferCharacteristics::Bt709 => TransferCharacteristics::BT709,
        core::TransferCharacteristics::Smpte170M => TransferCharacteristics::BT601,
        core::TransferCharacteristics::Gamma22 => TransferCharacteristics::BT470M,
        core::TransferCharacteristics::Gamma28 => TransferCharacteristics::BT470BG,
        core::TransferCharacteristics::Smpte240M => TransferCharacteristics::SMPTE240,
        core::TransferCharacteristics::Linear => TransferCharacteristics::Linear,
        core::TransferCharacteristics::Log100 => TransferCharacteristics::Log100,
        core::TransferCharacteristics::Log316 => TransferCharacteristics::Log100Sqrt10,
        core::TransferCharacteristics::Xvycc => TransferCharacteristics::IEC61966,
        core::TransferCharacteristics::Bt1361 => TransferCharacteristics::BT1361,
        core::TransferCharacteristics::Srgb => TransferCharacteristics::SRGB,
        core::TransferCharacteristics::Bt2020Ten => TransferCharacteristics::BT2020_10Bit,
        core::TransferCharacteristics::Bt2020Twelve => TransferCharacteristics::BT2020_12Bit,
        core::TransferCharacteristics::Pq => TransferCharacteristics::SMPTE2084,
        core::TransferCharacteristics::Smpte428 => TransferCharacteristics::SMPTE428,
        core::TransferCharacteristics::Hlg => TransferCharacteristics::HLG,
        _ => TransferCharacteristics::Unspecified,
    };
    Some(ColorDescription { color_primaries, transfer_characteristics, matrix_coefficients })
}
