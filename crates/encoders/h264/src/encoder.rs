//! Pictures in, packets out.

use reelwright_core::{
    AvcConfig, ChromaLocation, CodecId, CodecRecord, ColorRange, Error, MediaParameters, Options,
    PacketQueue, Rational, Result, StreamParameters, Timestamp, VideoEncoder, VideoEncoderRequest,
    VideoFrame, VideoParameters,
};

use crate::coder::{Color, Encoder, Planes, Settings};
use crate::config::{Config, Rate};
use crate::gop::Gop;
use crate::level::{self, Pace, Peak};
use crate::rate::RateControl;
use crate::scene_cut::SceneCuts;

/// The types of NAL units that are not in packets but in the record (H.264 table 7-1).
const SPS: u8 = 7;
const PPS: u8 = 8;
/// `chroma_sample_loc_type` of chroma in the middle of its pixels (figure E-1).
const CENTER: u8 = 1;
/// How much more than on average the fullest second has at most, roughly.
const PEAK_FACTOR: u64 = 2;
/// How much finer the quantiser of keyframes is, which others are predicted from.
const KEYFRAME_QP: u32 = 2;

/// One stream at work.
pub(crate) struct H264Encoder {
    parameters: StreamParameters,
    coder: Encoder,
    control: Control,
    gop: Gop,
    cuts: SceneCuts,
    /// The quantizer of the last picture.
    qp: u32,
    pace: Pace,
    /// A picture as the coder writes it.
    units: Vec<u8>,
    peak: Peak,
}

/// How quantisers are chosen.
enum Control {
    Quantizer(u32),
    Average(Box<RateControl>),
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
        // Until the frames' times are known.
        level::set(&mut sets.sps, coder.level(config.frame_rate.to_f64()));
        if let Rate::Average(bit_rate) = config.rate {
            level::raise(&mut sets.sps, PEAK_FACTOR * bit_rate);
        }
        sets.to_bytes()?;
        let parameters = StreamParameters {
            language: None,
            time_base: request.time_base,
            codec: CodecId::H264,
            record: CodecRecord::H264(sets),
            bit_rate: match config.rate {
                Rate::Average(bit_rate) => Some(bit_rate),
                Rate::Quantizer(_) => None,
            },
            media: MediaParameters::Video(VideoParameters {
                format: request.format,
                frame_rate: Some(request.frame_rate),
            }),
        };
        let control = match config.rate {
            Rate::Quantizer(qp) => Control::Quantizer(qp),
            Rate::Average(bit_rate) => {
                let pixels = u64::from(request.format.width) * u64::from(request.format.height);
                let (rate, gop_size) = (config.frame_rate, config.gop_size);
                Control::Average(Box::new(RateControl::new(bit_rate, rate, pixels, gop_size)))
            }
        };
        Ok(Box::new(Self {
            parameters,
            coder,
            control,
            gop: Gop::new(config.longest_gop, config.keyframe_interval),
            cuts: SceneCuts::new(config.cut_share),
            qp: 0,
            pace: Pace::new(config.frame_rate, request.time_base),
            units,
            peak: Peak::default(),
        }))
    }

    /// Encodes a picture into `units`.
    fn code(&mut self, planes: &Planes<'_>, is_keyframe: bool) -> Result<()> {
        self.qp = match &mut self.control {
            Control::Average(control) => control.plan(is_keyframe),
            // Where there are only keyframes none is predicted from.
            Control::Quantizer(qp) if is_keyframe && !self.gop.is_intra_only() => {
                qp.saturating_sub(KEYFRAME_QP)
            }
            Control::Quantizer(qp) => *qp,
        };
        let failed = |error| Error::unsupported(format!("h264: {error}."));
        self.coder.set_qp(self.qp as u8).map_err(failed)?;
        self.units.clear();
        self.coder.encode(planes, is_keyframe, &mut self.units).map_err(failed)?;
        Ok(())
    }

    /// Encodes a picture into `units`, again where it turns out to be another than was planned for;
    /// returns whether it is a keyframe.
    fn code_as_it_is(&mut self, planes: &Planes<'_>, pts: Timestamp) -> Result<bool> {
        let mut is_keyframe = self.gop.is_due(pts);
        self.code(planes, is_keyframe)?;
        let bytes = self.units.len();
        let is_cut = !is_keyframe && self.cuts.is_cut(bytes, self.qp, self.coder.intra_share());
        let is_surprise = match &mut self.control {
            Control::Average(control) if is_cut => {
                control.cut(bytes);
                false
            }
            Control::Average(control) => control.is_surprised(bytes, is_keyframe),
            Control::Quantizer(_) => false,
        };
        if is_cut || is_surprise {
            is_keyframe |= is_cut;
            self.coder.take_back();
            self.code(planes, is_keyframe)?;
        }
        Ok(is_keyframe)
    }
}

/// The terms of a sample aspect ratio.
///
/// # Errors
/// They must have 16 bits (H.264 §E.2.1).
fn aspect(ratio: Rational) -> Result<(u16, u16)> {
    let term = |term: i64| u16::try_from(term).ok().filter(|term| *term > 0);
    term(ratio.num()).zip(term(ratio.den())).ok_or_else(|| {
        Error::argument(format!(
            "The terms of a sample aspect ratio must be from 1 to 65535. Found: {ratio}"
        ))
    })
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
    let color = request.format.color;
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
        pixel_aspect: aspect(request.format.sample_aspect_ratio)?,
        color: Color {
            primaries: color.primaries.code(),
            transfer: color.transfer.code(),
            matrix: color.matrix.code(),
            full_range: color.range == ColorRange::Full,
            chroma_location: (color.chroma_location == ChromaLocation::Center).then_some(CENTER),
        },
        ..Settings::new(request.format.width as usize, request.format.height as usize)
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
        frame.expect(video.format.pixel_format, video.format.width, video.format.height)?;
        let [y, u, v, _] = frame.planes_of::<u8>()?;
        let planes =
            Planes { data: [y.data, u.data, v.data], strides: [y.stride, u.stride, v.stride] };
        let is_keyframe = self.code_as_it_is(&planes, frame.pts)?;
        let mut data = packets.take_buffer();
        for unit in nal_units(&self.units) {
            data.extend((unit.len() as u32).to_be_bytes());
            data.extend(unit);
        }
        if is_keyframe {
            self.cuts.add_keyframe(data.len(), self.qp);
        }
        self.gop.add(frame.pts, is_keyframe);
        let since = self.pace.add(frame.pts);
        if let Control::Average(control) = &mut self.control {
            control.took(data.len(), is_keyframe, since);
        }
        let seconds = self.parameters.time_base.seconds_of(frame.pts);
        self.peak.add(seconds as i64, data.len());
        let packet = packets.push_buffer(data);
        (packet.pts, packet.dts, packet.duration) =
            (frame.pts, frame.pts, frame.duration.unwrap_or(0));
        packet.keyframe = is_keyframe;
        Ok(())
    }

    fn finish(&mut self, _packets: &mut PacketQueue) -> Result<()> {
        // Who writes the parameter sets last writes them as they came to be.
        if let CodecRecord::H264(record) = &mut self.parameters.record {
            level::set(&mut record.sps, self.coder.level(self.pace.fastest()));
            level::raise(&mut record.sps, self.peak.bits());
            if let Some(bit_rate) = self.parameters.bit_rate {
                level::raise(&mut record.sps, PEAK_FACTOR * bit_rate);
            }
        }
        Ok(())
    }
}
