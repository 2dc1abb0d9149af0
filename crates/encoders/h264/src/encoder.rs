//! Pictures in, packets out.

use reelwright_core::{
    AvcConfig, ChromaLocation, CodecId, CodecRecord, ColorRange, Error, MediaParameters, Options,
    PacketQueue, Rational, Result, StreamParameters, TimeBase, VideoEncoder, VideoEncoderRequest,
    VideoFrame, VideoParameters,
};

use crate::coder::{Color, Encoder, Planes, Settings};
use crate::config::{Config, Rate};
use crate::level::{self, Peak};
use crate::rate::RateControl;

/// The types of NAL units that are not in packets but in the record (H.264 table 7-1).
const SPS: u8 = 7;
const PPS: u8 = 8;
/// `chroma_sample_loc_type` of chroma in the middle of its pixels (figure E-1).
const CENTER: u8 = 1;
/// From this share of intra macroblocks on, a picture has so little of the one before it that it
/// becomes a keyframe; or from so many times the last keyframe's bytes on.
const CUT: f32 = 0.6;
const CUT_SIZE: f32 = 1.5;
/// Smaller pictures are not worth a keyframe, in bytes.
const LEAST_CUT: usize = 2048;
/// How much more than on average the fullest second has at most, roughly.
const PEAK_FACTOR: u64 = 2;
/// How much finer the quantiser of keyframes is, which others are predicted from.
const KEYFRAME_QP: u32 = 2;

/// One stream at work.
pub(crate) struct H264Encoder {
    parameters: StreamParameters,
    coder: Encoder,
    rate: Rate,
    /// Where a bit rate is asked for.
    rate_control: Option<RateControl>,
    gop_size: u32,
    /// Pictures since the last keyframe.
    since_keyframe: u32,
    /// Bytes of the last keyframe.
    keyframe_bytes: usize,
    /// A picture as the coder writes it.
    units: Vec<u8>,
    peak: Peak,
}

impl H264Encoder {
    pub(crate) fn open(
        request: &VideoEncoderRequest,
        options: &mut Options,
    ) -> Result<Box<dyn VideoEncoder>> {
        let config = Config::new(request, options)?;
        let coder = Encoder::new(settings(request, &config)?)
            .map_err(|error| Error::unsupported(format!("h264: {error}.")))?;
        let (mut sets, mut units) = (AvcConfig { sps: Vec::new(), pps: Vec::new() }, Vec::new());
        coder.parameter_sets(&mut units);
        for unit in nal_units(&units) {
            match unit.first().map(|header| header & 0x1f) {
                Some(SPS) => sets.sps = unit.to_vec(),
                Some(PPS) => sets.pps = unit.to_vec(),
                _ => {}
            }
        }
        if let Rate::Average(bit_rate) = config.rate {
            level::raise(&mut sets.sps, PEAK_FACTOR * bit_rate);
        }
        sets.to_bytes()?;
        let parameters = StreamParameters {
            time_base: TimeBase::new(request.frame_rate.inverse()),
            codec: CodecId::H264,
            record: CodecRecord::H264(sets),
            bit_rate: match config.rate {
                Rate::Average(bit_rate) => Some(bit_rate),
                Rate::Quantizer(_) => None,
            },
            media: MediaParameters::Video(VideoParameters {
                width: request.width,
                height: request.height,
                pixel_format: request.pixel_format,
                frame_rate: request.frame_rate,
                sample_aspect_ratio: Rational::ONE,
                color: request.color,
            }),
        };
        let rate_control = parameters.bit_rate.map(|bit_rate| {
            let pixels = u64::from(request.width) * u64::from(request.height);
            RateControl::new(bit_rate, request.frame_rate, pixels, config.gop_size)
        });
        Ok(Box::new(Self {
            parameters,
            coder,
            rate: config.rate,
            rate_control,
            gop_size: config.gop_size,
            since_keyframe: config.gop_size,
            keyframe_bytes: 0,
            units,
            peak: Peak::default(),
        }))
    }

    /// The quantiser of the next picture.
    fn quantizer(&mut self, is_keyframe: bool) -> u32 {
        match (&mut self.rate_control, self.rate) {
            (Some(control), _) => control.plan(is_keyframe),
            (None, Rate::Quantizer(qp)) if is_keyframe => qp.saturating_sub(KEYFRAME_QP),
            (None, Rate::Quantizer(qp)) => qp,
            (None, Rate::Average(_)) => 0,
        }
    }

    /// Whether the picture that was just encoded had better be a keyframe.
    fn is_cut(&self) -> bool {
        let bytes = self.units.len();
        let most = CUT_SIZE * self.keyframe_bytes as f32;
        self.coder.intra_share() >= CUT || (bytes >= LEAST_CUT && bytes as f32 > most)
    }

    /// Encodes a picture into `units`.
    fn code(&mut self, planes: &Planes<'_>, is_keyframe: bool) -> Result<()> {
        let qp = self.quantizer(is_keyframe);
        let failed = |error| Error::unsupported(format!("h264: {error}."));
        self.coder.set_qp(qp as u8).map_err(failed)?;
        self.units.clear();
        self.coder.encode(planes, is_keyframe, &mut self.units).map_err(failed)?;
        Ok(())
    }
}

fn settings(request: &VideoEncoderRequest, config: &Config) -> Result<Settings> {
    let rate = request.frame_rate;
    let term = |term: i64| {
        u32::try_from(term).ok().filter(|term| *term <= i32::MAX as u32).ok_or_else(|| {
            Error::unsupported(format!(
                "The terms of H.264's frame rate must be below 2147483648. Found: {rate}"
            ))
        })
    };
    let color = request.color;
    Ok(Settings {
        qp: 26,
        // Keyframes are asked for one by one.
        gop: u32::MAX,
        slices: config.slices,
        threads: config.threads,
        deblock: config.deblocking,
        cabac: config.cabac,
        profile: config.profile,
        frame_rate: (term(rate.num())?, term(rate.den())?),
        pixel_aspect: (1, 1),
        color: Color {
            primaries: color.primaries.code(),
            transfer: color.transfer.code(),
            matrix: color.matrix.code(),
            full_range: color.range == ColorRange::Full,
            chroma_location: (color.chroma_location == ChromaLocation::Center).then_some(CENTER),
        },
        ..Settings::new(request.width as usize, request.height as usize)
    })
}

/// The NAL units of a byte stream (annex B), without their start codes.
fn nal_units(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = stream;
    std::iter::from_fn(move || {
        let start = rest.windows(3).position(|bytes| bytes == [0, 0, 1])? + 3;
        let unit = &rest[start..];
        // The next start code may have a zero more in front, which no unit ends with.
        let end = unit.windows(3).position(|bytes| bytes == [0, 0, 1]).unwrap_or(unit.len());
        rest = &unit[end..];
        let length = unit[..end].iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        Some(&unit[..length])
    })
}

impl VideoEncoder for H264Encoder {
    fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    fn encode(&mut self, frame: &VideoFrame<'_>, packets: &mut PacketQueue) -> Result<()> {
        let Some(video) = self.parameters.video() else { return Ok(()) };
        frame.expect(video.pixel_format, video.width, video.height)?;
        let [y, u, v, _] = &frame.planes;
        let planes =
            Planes { data: [y.data, u.data, v.data], strides: [y.stride, u.stride, v.stride] };
        let mut is_keyframe = self.since_keyframe >= self.gop_size;
        self.code(&planes, is_keyframe)?;
        if !is_keyframe && self.is_cut() {
            is_keyframe = true;
            self.code(&planes, true)?;
        }
        let mut data = packets.take_buffer();
        for unit in nal_units(&self.units) {
            data.extend((unit.len() as u32).to_be_bytes());
            data.extend(unit);
        }
        if is_keyframe {
            (self.since_keyframe, self.keyframe_bytes) = (1, data.len());
        } else {
            self.since_keyframe += 1;
        }
        if let Some(control) = &mut self.rate_control {
            control.took(data.len(), is_keyframe);
        }
        let seconds = self.parameters.time_base.seconds_of(frame.pts);
        self.peak.add(seconds as i64, data.len());
        let packet = packets.push_buffer(data);
        (packet.pts, packet.dts, packet.duration) = (frame.pts, frame.pts, 1);
        packet.keyframe = is_keyframe;
        Ok(())
    }

    fn finish(&mut self, _packets: &mut PacketQueue) -> Result<()> {
        // Who writes the parameter sets last writes them as they came to be.
        if let CodecRecord::H264(record) = &mut self.parameters.record {
            level::raise(&mut record.sps, self.peak.bits());
        }
        Ok(())
    }
}
